import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeWav } from '../audio/write-wav.js'
import { tinyConfig, writeTinyModel } from '../model/tiny-model.js'
import { Random } from '../random.js'

const RATE = 16_000

/**
 * Recordings of three invented classes a set, two of each class in each of two groups, made of tones and noise. What two sounds
 * of one group and class are cut from is said to be one.
 */
export async function writeTinyRecordings(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'pal-recordings-'))
  const sets = {
    esc10: { column: 'label', group: 'fold', groups: ['1', '4'], labels: ['rain', 'dog bark', 'rooster'] },
    digits: { column: 'digit', group: 'speaker', groups: ['george', 'nicolas'], labels: ['0', '1', '2'] },
    drums: {
      column: 'label',
      group: 'kit',
      groups: ['one', 'The Black Pearl 1.0', 'rumpf_kit_z01_h2'],
      labels: ['kick drum', 'cowbell', 'tom'],
    },
  }
  for (const [set, { column, group, groups, labels }] of Object.entries(sets)) {
    await mkdir(join(root, set))
    const cut = set === 'esc10'
    const rows = [`audio,${column},${group}${cut ? ',freesound_id' : ''}`]
    for (const [pitch, label] of labels.entries()) {
      for (const name of groups) {
        for (const take of [0, 1]) {
          const file = `${set}/${pitch}-${name.replaceAll(' ', '-')}-${take}.wav`
          await writeFile(
            join(root, file),
            encodeWav(tone(200 * (pitch + 1), new Random(set, label, name, take)), RATE),
          )
          rows.push(`${file},${label},${name}${cut ? `,${pitch}00${name}` : ''}`)
        }
      }
    }
    await writeFile(join(root, `${set}.csv`), `${rows.join('\n')}\n`)
  }
  return root
}

function tone(pitch: number, random: Random): Float32Array {
  const length = Math.floor(random.uniform(0.3, 0.5) * RATE)
  return Float32Array.from({ length }, (_, i) => {
    const fade = Math.exp((-4 * i) / length)
    return fade * (0.4 * Math.sin((2 * Math.PI * pitch * i) / RATE) + 0.05 * random.normal())
  })
}

/** Changes that make the model of recipes/pal-tiny.yaml a small one. */
export const TINY_MODEL = [
  'model.encoders.0.encoder.hiddenSize=16',
  'model.encoders.0.encoder.heads=2',
  'model.encoders.0.encoder.layers=1',
  'model.encoders.0.encoder.feedForwardSize=32',
  'model.encoders.0.encoder.stem=[2, 2, 4]',
  'model.llm.hiddenSize=16',
  'model.llm.layers=1',
  'model.llm.heads=2',
  'model.llm.keyValueHeads=1',
  'model.llm.headSize=8',
  'model.llm.feedForwardSize=32',
  'model.llm.vocabularySize=400',
]

/** Changes that make recipes/pal-tiny.yaml a matter of seconds: a smaller model, few steps, small batches. */
export const TINY_CHANGES = [
  ...TINY_MODEL,
  ...[0, 1, 2, 3, 4, 5].flatMap((stage) => [
    `stages.${stage}.steps=4`,
    `stages.${stage}.warmup=1`,
    `stages.${stage}.batches=[{seconds: 2.56, audios: 3, questions: 2, mix: {clips: 1, scenes: 1}}]`,
  ]),
]

/** After TINY_CHANGES: one step of every stage. Each kind of step is compiled anew, which takes longer than to train it. */
export const ONE_STEP_EACH = [0, 1, 2, 3, 4, 5].map((stage) => `stages.${stage}.steps=1`)

/** After TINY_CHANGES: a stage that hears digits alone, which have few shapes and of which nothing is composed. */
export function onlyDigits(stage: number): string {
  return `stages.${stage}.batches=[{ seconds: 1.28, audios: 2, questions: 1, mix: { digits: 1 } }]`
}

/** The same for recipes/smollm2-pal.yaml, on a language model of src/llm/fixtures. */
export const TINY_BASE_CHANGES = [
  'model.integration.form.summaryHeads=4',
  'stages.0.steps=2',
  'stages.0.batches=[{seconds: 1.28, audios: 2, questions: 2, mix: {clips: 1, scenes: 1}}]',
  'stages.1.steps=1',
  'stages.1.batches=[{seconds: 1.28, audios: 2, questions: 2, mix: {clips: 1, scenes: 1}}]',
]

/** A model whose encoder TINY_BASE_CHANGES train with: it hears as much at once as their batches last. */
export function writeTinyEars(): Promise<string> {
  const config = tinyConfig()
  const encoders = config.encoders.map(({ encoder, ...named }) => ({
    ...named,
    encoder: { ...encoder, windowSeconds: 1.28 },
  }))
  return writeTinyModel({ config: { ...config, encoders } })
}

/** Gives a run that is yet to begin the tokenizer of another: to train one takes longer than the steps of a tiny run. */
export async function takeTokenizer(other: string, run: string): Promise<void> {
  await cp(join(other, 'tokenizer'), join(run, 'tokenizer'), { recursive: true })
}
