import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixture as encoderFixture } from '../encoders/reference.test.helper.js'
import { resolvePlan } from '../model/bases/resolve-plan.js'
import { openEncoder } from '../model/checkpoints/open-encoder.js'
import type { ModelConfig } from '../model/config/config.js'
import type { ModelPlan } from '../model/config/plan.js'
import { modelParameters } from '../model/network/parameters.js'
import { integrations, tinyConfig } from '../model/tiny-model.js'
import { packageFolder } from '../package-folder.js'
import { headParameters, labelGraph } from './labels.js'
import { loadRecipe } from './recipe/load-recipe.js'
import type { Stage } from './recipe/recipe.js'
import { countParts, expectTrained, stageConfig, trainedBy, trainedByAny } from './trained-parts.js'
import { wordGraph } from './words.js'

const routed = tinyConfig(integrations.palRouted)

const sizesOf = (config: ModelConfig) =>
  new Map([...modelParameters(config), ...headParameters(config, ['dog', 'bell'])].map(([name]) => [name, 1]))

const stage = (objective: Stage['objective'], ...trained: string[]) => ({ objective, trained }) as Stage

const check = (config: ModelConfig, ...stages: Stage[]) => expectTrained(sizesOf(config), stages)

test('a pattern that fits nothing is told, with what there is', () => {
  assert.throws(
    () => check(routed, stage('answers', '*'), stage('answers', 'llm.*', 'encoder.*')),
    /stages\.1\.trained: .* got "encoder\.\*", which fits none of \d+\n.*encoders\.speech\.encoder\.\*, .*llm\.\*/,
  )
  assert.throws(() => check(routed, stage('answers', 'llm.*', '*.lora_*')), /"\*\.lora_\*"/)
})

test('a pattern that excludes nothing is told, and one stage leaves what another trains', () => {
  assert.throws(
    () => check(routed, stage('answers', 'encoders.*', '!llm.*.mlp.*')),
    /that exclude parameters of the model, got "!llm\.\*\.mlp\.\*", which excludes none of what the others fit/,
  )
  assert.throws(() => check(routed, stage('answers', '!llm.*')), /"!llm\.\*", which excludes none/)
  check(tinyConfig(integrations.plits), stage('answers', 'llm.*', '!integration.*'))
  assert.throws(
    () => check(routed, stage('answers', 'llm.*', '!llm.*', '!encoders.*')),
    /"!encoders\.\*", which excludes/,
  )
  const ofBoth = trainedByAny([stage('answers', '*', '!llm.*'), stage('answers', 'llm.*', '!llm.*.mlp.*')])
  const [mlp, norm, ears] = ['llm.model.layers.0.mlp.up_proj.weight', 'llm.model.norm.weight', 'encoders.a.b']
  assert.deepEqual([mlp!, norm!, ears!].map(ofBoth), [false, true, true])
})

test('full fine-tuning and the variant with a frozen FFN are a line each', () => {
  const config = tinyConfig(integrations.lal)
  const { hiddenSize, feedForwardSize, layers } = config.llm
  const sizes = new Map(
    [...modelParameters(config)].map(([name, { shape }]) => [name, shape.reduce((a, b) => a * b, 1)]),
  )
  const counted = (...patterns: string[]) =>
    countParts(sizes, stage('answers', ...patterns)).find(({ part }) => part === 'language model')!
  const { trained, total } = counted('*')
  assert.equal(trained, total)
  const frozenFfn = counted('*', '!llm.*.mlp.*')
  assert.equal(total - frozenFfn.trained, layers * 3 * hiddenSize * feedForwardSize)
})

test('weights of the integration may be asked for where it has none, since settings that are compared share stages', () => {
  check(tinyConfig(integrations.plits), stage('answers', 'integration.*', 'llm.*'))
  assert.throws(
    () => check(tinyConfig(integrations.palUnified), stage('answers', 'integration.sumary.*', 'llm.*')),
    /"integration\.sumary\.\*"/,
  )
  assert.throws(
    () => check(tinyConfig(integrations.plits), stage('answers', 'integration.*')),
    /a stage that trains what "answers" reaches, got integration\.\*/,
  )
})

test('a stage trains something that its objective reaches', () => {
  assert.throws(
    () => check(routed, stage('labels', 'llm.*')),
    /a stage that trains what "labels" reaches, got llm\.\*\nIt reaches encoders\.speech\.encoder\.\*, .*heads\.general\.\*/,
  )
  assert.throws(() => check(routed, stage('labels', 'encoders.*.connector.*')), /what "labels" reaches/)
  assert.throws(() => check(routed, stage('labels', 'heads.general.place.*')), /what "labels" reaches/)
  assert.throws(() => check(routed, stage('words', 'llm.*', 'heads.*')), /what "words" reaches/)
  assert.throws(() => check(routed, stage('answers', 'heads.*')), /what "answers" reaches/)
  check(routed, stage('timeline', 'heads.general.place.*'))
  check(routed, stage('words', 'encoders.*.connector.*'))
})

test('an encoder that learns labels has classifiers that learn as well', () => {
  const encoders = 'encoders.*.encoder.*'
  assert.throws(
    () => check(routed, stage('labels', encoders)),
    /the classifiers of every encoder .* leave heads\.speech\.weight out\nPut 'heads\.\*'/,
  )
  assert.throws(
    () => check(routed, stage('labels', encoders, 'heads.speech.*')),
    /leave heads\.general\.weight out/,
  )
  const own = ['encoders.general.encoder.*', 'heads.general.weight', 'heads.general.bias'] as const
  check(routed, stage('labels', ...own))
  assert.throws(() => check(routed, stage('timeline', ...own)), /leave heads\.general\.place\.weight out/)
  check(routed, stage('labels', 'heads.*'))
})

test('encoders that a stage does not train are no part of what is learnt encoder by encoder', () => {
  const names = (one: Stage) => stageConfig(routed, sizesOf(routed), one).encoders.map(({ name }) => name)
  const labels = stage('labels', 'encoders.general.encoder.*', 'heads.general.*')
  const words = stage('words', 'encoders.speech.connector.*')
  assert.deepEqual(names(labels), ['general'])
  assert.deepEqual(names(words), ['speech'])
  assert.deepEqual(names(stage('words', '*')), ['speech', 'general'])
  assert.deepEqual(names(stage('answers', 'encoders.general.*')), ['speech', 'general'])

  const shape = { audios: 1, samples: 5120, sounds: 1, wordTokens: 1 }
  const config = (one: Stage) => stageConfig(routed, sizesOf(routed), one)
  const trained = ({ trained }: Stage) => ({ trained: trainedBy(trained), places: false })
  const graphs = {
    general: labelGraph(config(labels), ['dog', 'bell'], shape, trained(labels)),
    speech: wordGraph(config(words), shape, trained(words)),
  }
  for (const [encoder, { loss }] of Object.entries(graphs)) {
    const others = [...loss.graph.parameters.keys()].filter(
      (name) => /^(encoders|heads)\./.test(name) && !name.includes(`.${encoder}.`),
    )
    assert.deepEqual(others, [])
  }
})

test('what an objective does not reach is not counted as trained', () => {
  const trained = (one: Stage) =>
    countParts(sizesOf(routed), one).flatMap(({ part, trained }) => (trained > 0 ? [part] : []))
  assert.deepEqual(trained(stage('labels', '*')), ['encoder speech', 'encoder general', 'classifiers'])
  assert.deepEqual(trained(stage('words', '*')), [
    ...['encoder speech', 'connector of speech', 'encoder general', 'connector of general'],
  ])
  assert.ok(!countParts(sizesOf(routed), stage('answers', '*')).some(({ part }) => part === 'classifiers'))
})

test('every stage of every recipe that ships trains what it says, in every setting that is compared', async () => {
  const recipes = join(packageFolder(), 'recipes')
  const { recipe: tiny } = await loadRecipe(join(recipes, 'pal-tiny.yaml'))
  const [ears] = tiny.model.encoders
  // In the place of what is not on this machine: layers enough, and a width that nine heads divide.
  const llm = { ...tinyConfig().llm, layers: 6, hiddenSize: 72 }
  const { config: scored } = await openEncoder(encoderFixture('yamnet'))
  const standIn = ({ encoders, llm: own, ...model }: ModelPlan): ModelPlan => ({
    ...model,
    encoders: encoders.map((named) =>
      'from' in named.encoder
        ? { ...named, encoder: named.connector.kind === 'words' ? scored : ears!.encoder }
        : named,
    ),
    llm: 'from' in own ? llm : own,
  })
  for (const name of await readdir(recipes)) {
    const { recipe } = await loadRecipe(join(recipes, name))
    for (const { steps: _, ...setting } of [{ steps: 1 }, ...Object.values(recipe.compare ?? {})]) {
      const { config } = await resolvePlan(standIn({ ...recipe.model, ...setting } as ModelPlan))
      expectTrained(sizesOf(config), recipe.stages)
    }
  }
})
