import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fixture } from '../encoders/reference.test.helper.js'
import { featureFile } from '../features/feature-store.js'
import { FrozenEncoder } from '../features/frozen-encoder.js'
import { ImaginedScores } from '../features/imagined-scores.js'
import { baseWeights } from '../model/bases/bases.js'
import { resolvePlan } from '../model/bases/resolve-plan.js'
import { tokenCount } from '../model/network/token-count.js'
import { packageFolder } from '../package-folder.js'
import { solitary } from '../parallel/ranks.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { Batches } from './batches.js'
import { collate } from './collate.js'
import { StageFeatures } from './features.js'
import type { Hearing } from './hearing.js'
import type { Objective } from './objective.js'
import { startingWeights } from './parameters.js'
import { readNumbers } from './read-weight.js'
import { loadRecipe } from './recipe/load-recipe.js'
import { loadSets, openSources } from './sources.js'
import { timed } from './timed-stage.js'
import { TINY_CHANGES, writeTinyRecordings } from './tiny-run.test.helper.js'
import { train } from './train.js'

const RATE = 16_000
const BATCH = 'seconds: 1.28, audios: 4, questions: 1'
const STAGE = 'name: answers, steps: 3, warmup: 0, learningRate: 0.01'

let root: string
let recordings: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pal-imagined-'))
  process.env.PAL_CACHE = join(root, 'cache')
  recordings = await writeTinyRecordings()
})
after(() => rm(root, { recursive: true, force: true }))

/** Two ears, of which the second tells speech, bees and dogs apart, and sounds for it alone. */
function recipe(...changes: readonly string[]) {
  return loadRecipe(join(packageFolder(), 'recipes/pal-tiny.yaml'), [
    `data.root=${recordings}`,
    ...TINY_CHANGES,
    `model.encoders.1={ name: audioset, encoder: { from: ${fixture('yamnet')}, keep: true }, connector: { kind: mlp } }`,
    'model.integration={ kind: lal }',
    'sources.imagined={ kind: imagined, encoder: audioset, sets: [esc10], tasks: { name: 1, presence: 1 } }',
    stages('trained: ["*", "!encoders.audioset.encoder.*"]'),
    ...changes,
  ])
}

function stages(settings: string, batch = 'mix: { imagined: 3, clips: 1 }'): string {
  return `stages=[{ ${STAGE}, ${settings}, batches: [{ ${BATCH}, ${batch} }] }]`
}

async function opened(...changes: readonly string[]) {
  const loaded = await recipe(...changes)
  const plan = await resolvePlan(loaded.recipe.model)
  const sets = await loadSets(loaded.recipe, 'all', RATE)
  const sourceOf = await openSources(loaded, { sets, manifests: new Map() }, plan.config)
  return { loaded, plan, sets, sourceOf }
}

test('a sound that is imagined is asked about by the first of its names, and beside a recording', async () => {
  const { loaded, sets, sourceOf } = await opened()
  const [stage] = loaded.recipe.stages
  const source = sourceOf({ ...stage!.batches[0]!, mix: { imagined: 1 } }, 'train')
  const clips = sets.get('esc10')!.filter(({ group }) => group !== '4')
  const names = ['speech', 'bee', 'dog']
  const drawn = [0, 0, 0]
  for (let seed = 0; seed < 200; seed++) {
    const draw = source.drawWithin(new Random(seed), 2)
    assert.deepEqual(draw, source.drawWithin(new Random(seed), 2))
    const { imagined, sounds, turns, recurs } = draw
    assert.equal(imagined?.encoder, 'audioset')
    drawn[imagined.label]!++
    const name = names[imagined.label]!
    assert.deepEqual(
      sounds?.map(({ label }) => label),
      [name],
    )
    assert.ok(!recurs)
    const [turn] = turns
    if (turn?.task === 'name') assert.match(turn.answer, new RegExp(`\\b${name}\\b`, 'i'))
  }
  for (const count of drawn) assert.ok(count > 40, `${drawn}`)

  const plain = 'kind: imagined, encoder: audioset, sets: [esc10], augment: false, backgroundChance: 0'
  const one = await opened(`sources.imagined={ ${plain}, labels: [D*] }`)
  const bare = one.sourceOf({ ...stage!.batches[0]!, mix: { imagined: 1 } }, 'train')
  for (let seed = 0; seed < 20; seed++) {
    const { samples, imagined, recurs } = bare.draw(new Random(seed))
    assert.equal(imagined?.label, 2)
    assert.ok(recurs, 'what the others hear comes again')
    assert.ok(clips.some((clip) => clip.samples.every((value, i) => value === samples[i])))
  }
})

test('its encoder hears what its classifier would make of it, the others hear the recording', async () => {
  const { loaded, plan, sourceOf } = await opened(
    stages('trained: [llm.*]', 'mix: { imagined: 1, clips: 1 }'),
  )
  const [stage] = loaded.recipe.stages
  const { config, bases } = plan
  const runtime = await Runtime.start({ threads: 1 })
  const weights = await startingWeights(config, bases, { seed: 1, labels: [], isOwn: () => false })
  const encoding = { config, runtime, parameters: weights.own, frozen: weights.frozen }
  const features = new StageFeatures({ ...encoding, stage: stage! })
  const source = sourceOf(stage!.batches[0]!, 'train')
  const draws = [1, 2, 3, 4, 5, 6].map((seed) => source.drawWithin(new Random(seed), 1.28))
  assert.equal(new Set(draws.map(({ imagined }) => imagined === undefined)).size, 2, 'there are both')
  const samples = 1.28 * RATE
  const { feeds, shape } = await features.fill(collate(draws, config, TOKENIZER, samples))
  assert.deepEqual(shape.given, ['general', 'audioset'])

  const classifier = async (part: string) => {
    const name = `encoders.audioset.encoder.classifier.${part}`
    return readNumbers(baseWeights(bases)(name)!, name)
  }
  const scores = new ImaginedScores(await classifier('weight'), await classifier('bias'))
  for (const named of config.encoders) {
    const frozen = await FrozenEncoder.open({ ...encoding, encoder: named })
    const each = tokenCount(named, samples).encoder * named.encoder.hiddenSize
    for (const [i, { imagined, samples }] of draws.entries()) {
      const { encoder: tokens } = tokenCount(named, samples.length)
      const expected =
        imagined?.encoder === named.name
          ? scores.scores(imagined.label, tokens, imagined.seed)
          : await frozen.features(samples, false)
      const row = (feeds[`${named.name}.features`] as Float32Array).subarray(i * each, (i + 1) * each)
      assert.deepEqual(row.slice(0, expected.length), expected)
      assert.ok(row.subarray(expected.length).every((value) => value === 0))
    }
    await frozen.release()
  }
  await features.release()

  const learning = new StageFeatures({ ...encoding, stage: { ...stage!, trained: ['*'] } })
  await assert.rejects(learning.fill(collate(draws, config, TOKENIZER, samples)), /"audioset" learns/)
  await runtime.close()
})

const TOKENIZER = { chat: () => ({ ids: [1, 2, 3], learn: [false, false, true] }) }

test('what is imagined for an encoder is neither hidden from it nor taken for another, all else is', async () => {
  const hearingOf = async (hidden: string, misheard: string) => {
    const { loaded, plan, sourceOf } = await opened(
      stages(
        `trained: [llm.*], encoderDropout: ${hidden}`,
        `mix: { imagined: 1, clips: 1 }, misheard: ${misheard}`,
      ),
    )
    const heard: { readonly imagines: boolean; readonly hearing: Hearing }[] = []
    const objective: Objective = {
      collate(draws, samples, _, hearing) {
        heard.push(
          ...draws.map(({ imagined }, i) => ({ imagines: imagined !== undefined, hearing: hearing![i]! })),
        )
        return collate(draws, plan.config, TOKENIZER, samples)
      },
      graph: () => assert.fail(),
    }
    const stage = timed(loaded.recipe.stages[0]!, sourceOf, solitary)
    const options = { config: plan.config, stage, seed: 1, objective, ranks: solitary }
    const batches = new Batches({ ...options, sourceOf: (plan) => sourceOf(plan, 'train') }, 0)
    for (let i = 0; i < 3; i++) batches.take()
    return heard
  }
  for (const { imagines, hearing } of await hearingOf('{ audioset: 1 }', '{ audioset: 0.5 }')) {
    assert.equal(hearing.unheard === 'audioset' || hearing.misheard?.encoder === 'audioset', !imagines)
  }
  for (const { hearing } of await hearingOf('{ general: 1 }', '{ general: 0.5 }')) {
    assert.ok(hearing.unheard === 'general' || hearing.misheard?.encoder === 'general')
  }
})

test('a run that is killed goes on to the same bits, and without a cache comes to the same', async () => {
  const killed = join(root, 'killed')
  const run = async (folder: string, changes: readonly string[] = [], atStep?: (step: number) => void) => {
    const loaded = await recipe(
      'saveEvery=1',
      stages("trained: [llm.*, '*.connector.*']"),
      'sources.imagined={ kind: imagined, encoder: audioset, sets: [esc10], augment: false }',
      ...changes,
    )
    const { model } = await train(loaded, {
      folder,
      threads: 1,
      onEvent: (event) => event.kind === 'step' && atStep?.(event.report.step),
    })
    return readFile(join(model, 'model.safetensors'))
  }
  const folder = join(root, 'run')
  const whole = await run(folder, [], (step) => step === 2 && cpSync(folder, killed, { recursive: true }))
  assert.deepEqual(await run(killed), whole)
  const stored = () => readFile(featureFile(join(process.env.PAL_CACHE as string, 'features')))
  const kept = await stored()
  assert.deepEqual(await run(join(root, 'uncached'), ['featureCacheGiB=0']), whole)
  assert.ok(kept.equals(await stored()), 'what others keep there stays')
})

test('what cannot be imagined is told before the first step', async () => {
  const refused = async (message: RegExp, ...changes: readonly string[]) => {
    const run = async () => train(await recipe(...changes), { folder: await mkdtemp(join(root, 'refused-')) })
    await assert.rejects(run, (error: Error) => {
      assert.match(error.message, message)
      return true
    })
  }
  const source = (settings: string) => `sources.imagined={ kind: imagined, sets: [esc10], ${settings} }`
  await refused(/sources\.imagined\.encoder: .*\(general, audioset\), got "ear"/, source('encoder: ear'))
  await refused(
    /pal-tiny\.yaml: sources\.imagined\.encoder: .*`labels`.* got "general" of kind "patch-transformer"/,
    source('encoder: general'),
  )
  await refused(
    /sources\.imagined\.labels: .*"!Cat\*", which makes none[\s\S]*has 3: Speech/,
    source("encoder: audioset, labels: ['*', '!Cat*']"),
  )
  await refused(
    /sources\.imagined\.labels: .*got none of 3 that is left/,
    source("encoder: audioset, labels: [Dog, '!D*']"),
  )
  await refused(
    /sources\.imagined\.tasks: .*by itself, got order/,
    source('encoder: audioset, tasks: { order: 1 }'),
  )
  await refused(
    /sources\.imagined\.tasks: .*any sound, got drum/,
    source('encoder: audioset, tasks: { name: 1, drum: 1 }'),
  )
  await refused(
    /stages\.0\.trained: .*stays as it is.*trains encoders\.audioset\.encoder\./,
    stages("trained: ['*']"),
  )
  await refused(
    /stages\.0\.specAugment: .*SpecAugment/,
    stages('trained: [llm.*], specAugment: { timeMasks: 1, maxSeconds: 0.1, bandMasks: 0, maxBins: 0 }'),
  )
  await refused(
    /sources\.imagined: .*objective "words", got imagined ones/,
    stages("objective: words, trained: ['*.connector.*']"),
  )
  await refused(
    /model\.lora\.on: .*LoRA on its classifier, encoders\.audioset\.encoder\.classifier\.lora_/,
    stages("trained: [llm.*, '*.lora_*', '!encoders.audioset.*']"),
    'model.lora={ rank: 2, alpha: 2, on: [encoders.audioset.encoder.classifier, llm.model.layers.0.self_attn.q_proj] }',
  )
})
