import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '../../package-folder.js'
import { loadRecipe } from './load-recipe.js'

const recipes = join(packageFolder(), 'recipes')
const tiny = join(recipes, 'pal-tiny.yaml')

test('every recipe that ships is well-formed', async () => {
  for (const name of await readdir(recipes)) await loadRecipe(join(recipes, name))
})

test('a change is applied and remembered', async () => {
  const { recipe, overrides } = await loadRecipe(tiny, ['stages.0.steps=7', 'data.sets.esc10.heldOut=[1, 2]'])
  assert.equal(recipe.stages[0]?.steps, 7)
  assert.deepEqual(recipe.data.sets.esc10?.heldOut, ['1', '2'])
  assert.equal(overrides[0]?.before, 3600)
})

test('a chosen encoder takes its place in every setting that has one of that name, and in no other', async () => {
  const compared = join(recipes, 'compare-smollm2.yaml')
  const { recipe } = await loadRecipe(compared, [], { llm: 'a-model', encoders: ['speech=an-encoder'] })
  assert.deepEqual(recipe.model.llm, { from: 'a-model' })
  assert.deepEqual(
    recipe.compare?.['pal-routed']?.encoders?.map(({ name, encoder }) => [
      name,
      'from' in encoder && encoder.from,
    ]),
    [
      ['general', false],
      ['speech', 'an-encoder'],
    ],
  )
  assert.equal(recipe.compare?.lal?.encoders, undefined)
  const routed = join(recipes, 'pal-smollm2-135m.yaml')
  const { recipe: shipped } = await loadRecipe(routed, [], { encoders: ['speech=an-encoder'] })
  assert.deepEqual(shipped.model.encoders[1]?.encoder, { from: 'an-encoder', windowSeconds: 6 })
  await assert.rejects(
    loadRecipe(compared, [], { encoders: ['sound=x'] }),
    /NAME being an encoder \(general, speech\)/,
  )
})

test('mistakes name file, line and key', async () => {
  await assert.rejects(
    loadRecipe('no-such.yaml'),
    /^PalError: no-such\.yaml: expected a recipe, got no such file\nRecipes that ship are in recipes/,
  )
  await assert.rejects(loadRecipe(recipes), /recipes: expected a recipe, got a folder$/)
  await assert.rejects(loadRecipe(tiny, ['steps']), /expected a change in the form key=value, got "steps"/)
  for (const [value, expected] of [
    ['-1', 'a number above 0, got -1'],
    ['abc', 'a number, got "abc"'],
    ['1.5', 'a whole number, got 1\\.5'],
  ]) {
    const told = new RegExp(`pal-tiny\\.yaml:\\d+, stages\\.0\\.steps: expected ${expected}$`)
    await assert.rejects(loadRecipe(tiny, [`stages.0.steps=${value}`]), told)
  }
  await assert.rejects(
    loadRecipe(tiny, ['model.integration={kind: pal, form: {summaryTokens: many}}']),
    /model\.integration\.form\.summaryTokens: expected a number, got "many"$/,
  )
  await assert.rejects(
    loadRecipe(tiny, ['stages.0.name=../out']),
    /stages\.0\.name: expected letters, digits/,
  )
  await assert.rejects(loadRecipe(tiny, ['stages.0.name=..']), /stages\.0\.name: expected a name, got dots/)
  await assert.rejects(
    loadRecipe(tiny, ['stages.0.name=same', 'stages.1.name=same']),
    /stages: expected another name for each stage/,
  )
  await assert.rejects(loadRecipe(tiny, ['compare={}']), /compare: expected at least one setting to compare/)
  await assert.rejects(loadRecipe(tiny, ['nowhere.deep.down=1']), /expected the path of a setting/)
  const changed = (await readFile(tiny, 'utf8')).replace('mix: { digits: 3', 'mix: { digit: 3')
  const file = join(await mkdtemp(join(tmpdir(), 'pal-recipe-')), 'wrong.yaml')
  await writeFile(file, changed)
  await assert.rejects(loadRecipe(file), /expected the name of a source \(sounds, digits.*got "digit"/)
})

test('where things lie is relative to the recipe, and on the command line to the working directory', async () => {
  const own = join(recipes, 'own-questions.yaml')
  const { recipe } = await loadRecipe(own)
  assert.deepEqual(recipe.data, { root: '.', sets: {} })
  const model = relative('.', join(packageFolder(), 'models', 'pal-tiny'))
  const changes = [
    'sources.mine.path=mine.jsonl',
    `start.model=${model}`,
    'data={root: x, sets: {}}',
    'data.root=y',
  ]
  const changed = (await loadRecipe(own, changes)).recipe
  const { path } = changed.sources.mine as { path: string }
  assert.deepEqual([isAbsolute(path), resolve(recipes, path)], [false, resolve('mine.jsonl')])
  assert.equal((await loadRecipe(own, ['start.model=pal-tiny'])).recipe.start?.model, 'pal-tiny')
  assert.deepEqual(
    [changed.start?.model, changed.data.root],
    [join('..', 'models', 'pal-tiny'), resolve('y')],
  )
})

test('a key that is misspelt is told before what is missing for it, with the one that is meant', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-recipe-'))
  const misspelt = async (from: string, to: string) => {
    const file = join(folder, 'misspelt.yaml')
    await writeFile(file, (await readFile(tiny, 'utf8')).replace(from, to))
    return loadRecipe(file)
  }
  await assert.rejects(
    misspelt('steps:', 'step:'),
    /misspelt\.yaml:\d+, stages\.0\.step: expected one of name, steps, .*, got "step"\nDid you mean "steps"\?$/,
  )
  await assert.rejects(misspelt('stages:', 'stges:'), /, stges: .*, got "stges"\nDid you mean "stages"\?$/)
  await assert.rejects(
    misspelt('headSize:', 'headsize:'),
    /, model\.llm\.headsize: expected a key that is known here, got "headsize"\nDid you mean "headSize"\?$/,
  )
  await assert.rejects(
    loadRecipe(tiny, ['stages.0.colour=red']),
    /stages\.0\.colour: expected one of name, [^\n]*, got "colour"$/,
  )
  await assert.rejects(
    loadRecipe(tiny, ['model.encoders.0.encoder.hiddenSze=1']),
    /Did you mean "hiddenSize"/,
  )
  await assert.rejects(
    loadRecipe(tiny, ['model.integration={kind: pal, form: {summaryToken: 3}}']),
    /model\.integration\.form\.summaryToken: expected one of routes, .*\nDid you mean "summaryTokens"/,
  )
  await assert.rejects(loadRecipe(tiny, ['data.sets.esc10.lable=x']), /Did you mean "label"/)
  // Of sources, those of this kind.
  await assert.rejects(
    loadRecipe(tiny, ['sources.digits.scene={}']),
    /sources\.digits\.scene: expected one of kind, sets, [^\n]*, got "scene"$/,
  )
})

test('a change that cannot be read, or says nothing, names its key', async () => {
  await assert.rejects(
    loadRecipe(tiny, ['model.integration={kind: lal']),
    /^PalError: model\.integration: expected a value in YAML, got "\{kind: lal": Flow map must end with a \}$/,
  )
  await assert.rejects(loadRecipe(tiny, ['seed=*here']), /^PalError: seed: expected YAML .*Unresolved alias/)
  await assert.rejects(
    loadRecipe(tiny, ['data.root=']),
    /data\.root: expected a value after the =, got nothing/,
  )
  await assert.rejects(loadRecipe(tiny, ['data.root=null']), /data\.root: expected text, got null$/)
  await assert.rejects(
    loadRecipe(tiny, ['stages.0.learningRate=.nan']),
    /stages\.0\.learningRate: expected a number, got NaN$/,
  )
  await assert.rejects(loadRecipe(tiny, ['data.root=""']), /data\.root: expected a folder, got an empty name/)
  const { recipe } = await loadRecipe(tiny, ['data.root=2024'])
  assert.equal(recipe.data.root, resolve('2024'))
  const folder = await mkdtemp(join(tmpdir(), 'pal-recipe-'))
  await writeFile(join(folder, 'alias.yaml'), 'name: *nobody\n')
  await assert.rejects(
    loadRecipe(join(folder, 'alias.yaml')),
    /alias\.yaml: expected YAML that can be written out: Unresolved alias/,
  )
})

test('what excludes stands in quotes, and is no rate', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-recipe-'))
  const file = join(folder, 'tagged.yaml')
  await writeFile(file, 'name: a\nstages:\n  - trained: [llm.*, !llm.*.mlp.*]\n')
  await assert.rejects(
    loadRecipe(file),
    /tagged\.yaml:3: expected what begins with ! in quotes, got a tag: Unresolved tag: !llm\.\*\.mlp\.\*\n/,
  )
  await assert.rejects(
    loadRecipe(tiny, ['stages.0.trained=[llm.*, !llm.*.mlp.*]']),
    /^PalError: stages\.0\.trained: expected what begins with ! in quotes/,
  )
  const { recipe } = await loadRecipe(tiny, ["stages.0.trained=['*', '!llm.*.mlp.*']"])
  assert.deepEqual(recipe.stages[0]?.trained, ['*', '!llm.*.mlp.*'])
  await assert.rejects(
    loadRecipe(tiny, ["stages.0.learningRates={ '!llm.*': 0.1 }"]),
    /stages\.0\.learningRates: expected patterns that say what a rate is for/,
  )
})

test('a change reaches settings and nothing else', async () => {
  for (const key of [
    '__proto__.x',
    'constructor.prototype.x',
    'model.__proto__',
    'stages.length',
    'stages.x',
  ]) {
    await assert.rejects(loadRecipe(tiny, [`${key}=1`]), /expected the path of a setting/)
  }
  assert.equal(({} as { x?: unknown }).x, undefined)
  await assert.rejects(
    loadRecipe(tiny, ['stages.0.batches.0.mix={toString: 1}']),
    /expected the name of a source .*, got "toString"/,
  )
})

test('a source may change the steps of augmentation and how its scenes are composed', async () => {
  const kits = join(recipes, 'pal-smollm2-135m-more-kits.yaml')
  const { recipe } = await loadRecipe(kits, ['sources.scenes.augment={"noise": {"probability": 0.2}}'])
  const { scenes, 'noisy-scenes': noisy } = recipe.sources
  assert.deepEqual(scenes?.kind === 'scenes' && scenes.augment, { noise: { probability: 0.2 } })
  assert.deepEqual(noisy?.kind === 'scenes' && noisy.scene, { noiseBelowDb: [-8, 12] })
  for (const [change, message] of [
    [
      'sources.scenes.augment=true',
      /sources\.scenes\.augment: expected false or changes like .*speed, polarity/,
    ],
    [
      'sources.scenes.augment={"pitch": {}}',
      /sources\.scenes\.augment\.pitch: expected one of .*, got "pitch"/,
    ],
    ['sources.scenes.augment={"tilt": {"range": [3, -3]}}', /sources\.scenes\.augment/],
    ['sources.noisy-scenes.scene.noiseBelowDb=[12, -8]', /noiseBelowDb.*\[lowest, highest\]/s],
    ['sources.noisy-scenes.scene.noiseBelow=3', /sources\.noisy-scenes\.scene/],
    ['sources.drums.scene={}', /sources\.drums.*scene/s],
  ] as const) {
    await assert.rejects(loadRecipe(kits, [change]), message)
  }
})

test('only encoders that there are go unheard, one of an audio at most, and only where answers are learnt', async () => {
  const routed = join(recipes, 'pal-smollm2-135m-averaging.yaml')
  const dropping = (shares: string, stage = 1) =>
    loadRecipe(routed, [`stages.${stage}.encoderDropout=${shares}`])
  const { recipe } = await dropping('{ general: 0.3, speech: 0.2 }')
  const unified = ['model.integration.form={ summaryTokens: 4 }']
  await assert.rejects(loadRecipe(routed, unified), /no summary is made .*, got the unified form of PAL/)
  assert.deepEqual(recipe.stages[1]?.encoderDropout, { general: 0.3, speech: 0.2 })
  await assert.rejects(
    dropping('{ generl: 0.3 }'),
    /the name of an encoder \(general, speech\), got "generl"/,
  )
  await assert.rejects(dropping('{ general: 0.6, speech: 0.5 }'), /that add up to at most 1/)
  await assert.rejects(
    dropping('{ general: 0.3 }', 0),
    /a stage that learns answers, got one that learns words/,
  )
})

test('a stage has steps or epochs', async () => {
  const lasting = (text: string) =>
    loadRecipe(tiny, [
      `stages=[{ name: a, ${text} learningRate: 1, batches: [{ seconds: 1, audios: 1, mix: { clips: 1 } }] }]`,
    ])
  const { recipe } = await lasting('epochs: 1.5,')
  assert.equal(recipe.stages[0]?.epochs, 1.5)
  assert.ok(!('steps' in recipe.stages[0]!))
  assert.ok(!('epochs' in (await lasting('steps: 2,')).recipe.stages[0]!))
  await assert.rejects(lasting(''), /stages\.0\.steps: expected either steps or epochs, got none/)
  await assert.rejects(lasting('steps: 2, epochs: 1,'), /stages\.0\.steps: .*, got both/)
  await assert.rejects(lasting('epochs: 0,'), /stages\.0\.epochs/)
})

test('a set is in a CSV or in shards, and only with shards may the group be left out', async () => {
  const loaded = (set: string) => loadRecipe(tiny, [`data.sets.esc10={ label: label, kind: sound, ${set} }`])
  const { recipe } = await loaded("shards: 'esc/train-*.parquet', labels: { sea_waves: sea waves }")
  assert.deepEqual(recipe.data.sets.esc10, {
    ...{ csv: undefined, shards: 'esc/train-*.parquet', audio: 'audio', label: 'label', kind: 'sound' },
    ...{ labels: { sea_waves: 'sea waves' }, heldOut: [] },
  })
  assert.equal((await loaded('shards: a.tar, source: take')).recipe.data.sets.esc10?.source, 'take')
  await assert.rejects(loaded('heldOut: []'), /data\.sets\.esc10: expected either csv or shards, got none/)
  await assert.rejects(loaded('csv: a.csv, shards: a.tar'), /expected either csv or shards, got both/)
  await assert.rejects(loaded('csv: a.csv'), /data\.sets\.esc10\.group: expected the column of the groups/)
})
