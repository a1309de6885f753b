import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Audio } from '../audio/audio.js'
import type { Vocabulary } from '../data/questions/task.js'
import { PalError } from '../errors.js'
import type { Pal } from '../model/pal.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { groupBy } from './bootstrap.js'
import type { EvalItem, EvalSet } from './items.js'
import { judge, SCORER_VERSION } from './score.js'

/** One answered question, as `samples.jsonl` keeps it. */
export interface Sample extends Omit<EvalItem, 'samples'> {
  readonly answer: string
  readonly right: boolean
  /** The answer cannot be read as what was asked for. */
  readonly offFormat?: boolean
  /** A score for every label there is, where another program has added them: see `meanAveragePrecision`. */
  readonly scores?: Readonly<Record<string, number>>
}

/** What a run's answers depend on; a folder is not gone on with when it differs. */
export type EvalIdentity = Readonly<Record<string, string | number>>

export interface EvalOptions {
  /** Where `samples.jsonl` is kept. */
  readonly folder: string
  readonly identity: EvalIdentity
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

const SAMPLES = 'samples.jsonl'
const IDENTITY = 'identity.json'

/**
 * Asks a model every question, each audio heard once, and keeps each answer as it comes: a run that is stopped
 * goes on where it stopped. The order is that of the items, so the answers do not depend on where it stopped.
 * @returns the samples that there are, all of them unless the signal came
 */
export async function evaluate(
  pal: Pal,
  { items, vocabulary }: EvalSet,
  options: EvalOptions,
): Promise<readonly Sample[]> {
  const { folder, signal, onProgress } = options
  const samples = [...(await openFolder(folder, options.identity))]
  const answered = new Set(samples.map(({ id }) => id))
  const { sampleRate } = pal.description
  for (const [audio, questions] of groupBy(items, (item) => item.audio)) {
    if (signal?.aborted) break
    const open = questions.filter(({ id }) => !answered.has(id))
    if (open.length === 0) continue
    const memory = await pal.listen(audioOf(audio, await (open[0] as EvalItem).samples(), sampleRate))
    for (const { samples: _, ...item } of open) {
      const maxTokens = LONG_ANSWERS.has(item.scoring) ? 256 : 48
      const { answer } = await pal.ask(memory, item.question, { maxTokens }).result
      const sample = { ...item, answer, ...judge(item, answer, vocabulary) }
      samples.push(sample)
      await appendFile(join(folder, SAMPLES), `${JSON.stringify(sample)}\n`)
    }
    onProgress?.(samples.length, items.length)
  }
  return samples
}

const LONG_ANSWERS: ReadonlySet<string> = new Set(['captioning', 'transcription', 'transcription-basic'])

/** Saved answers, scored again as the scorer is now, and saved so. */
export async function rescore(folder: string, vocabulary: Vocabulary): Promise<readonly Sample[]> {
  const samples = await readSamples(folder)
  if (samples.length === 0) {
    throw new PalError('expected answers that `pal eval` has saved, got none', {
      file: join(folder, SAMPLES),
    })
  }
  const scored = samples.map((sample) => ({ ...sample, ...judge(sample, sample.answer, vocabulary) }))
  await writeAtomically(join(folder, SAMPLES), scored.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
  const identity = join(folder, IDENTITY)
  if (existsSync(identity)) {
    const known = JSON.parse(await readFile(identity, 'utf8')) as EvalIdentity
    await writeAtomically(identity, identityText({ ...known, scorer: SCORER_VERSION }))
  }
  return scored
}

const identityText = (identity: EvalIdentity) => `${JSON.stringify(identity, null, 2)}\n`

function audioOf(name: string, samples: Float32Array, sampleRate: number): Audio {
  const seconds = samples.length / sampleRate
  return {
    samples,
    sampleRate,
    seconds,
    warnings: [],
    source: { name, format: 'wav', sampleRate, channels: 1, seconds },
  }
}

/** @throws PalError if the folder holds the answers to other questions, or of another model */
async function openFolder(folder: string, identity: EvalIdentity): Promise<readonly Sample[]> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, IDENTITY)
  if (!existsSync(path)) await writeAtomically(path, identityText(identity))
  else checkIdentity(JSON.parse(await readFile(path, 'utf8')) as EvalIdentity, identity, path)
  return readSamples(folder)
}

function checkIdentity(known: EvalIdentity, identity: EvalIdentity, file: string): void {
  const { scorer: judgedBy = 'an older one', ...before } = known
  const { scorer, ...now } = identity
  if (identityText(before) !== identityText(now)) {
    throw new PalError('expected a folder for these questions and this model, got one with others', {
      file,
      hint: 'Give another folder with --out.',
    })
  }
  if (scorer !== undefined && scorer !== judgedBy) {
    throw new PalError(`expected answers judged by scorer ${scorer}, got ones by ${judgedBy}`, {
      file,
      key: 'scorer',
      hint: 'Judge them again, without a model, with --rescore.',
    })
  }
}

/** A line that was cut by a kill is left out; its question is asked again. */
async function readSamples(folder: string): Promise<readonly Sample[]> {
  const path = join(folder, SAMPLES)
  if (!existsSync(path)) return []
  const text = await readFile(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) await writeAtomically(path, whole)
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Sample]))
}
