import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { encodeWav } from '../audio/write-wav.js'
import { fixture as encoderFixture } from '../encoders/reference.test.helper.js'
import { relativeError } from '../graph/parity.test.helper.js'
import { FakeHub } from '../hub/hub.test.helper.js'
import { parseModelName } from '../hub/model-name.js'
import { pull } from '../hub/pull.js'
import { hubSettings } from '../hub/settings.js'
import { fixture } from '../llm/reference.test.helper.js'
import type { ChosenBases } from '../model/bases/chosen-bases.js'
import { missingBases } from '../model/bases/open-bases.js'
import { resolvePlan } from '../model/bases/resolve-plan.js'
import { openEncoder } from '../model/checkpoints/open-encoder.js'
import type { ModelDescription } from '../model/config/model-description.js'
import type { LoadOptions } from '../model/load-options.js'
import { modelParameters } from '../model/network/parameters.js'
import { loadPal } from '../model/pal.js'
import { openModel } from '../model/stored/model-folder.js'
import { tinyConfig } from '../model/tiny-model.js'
import { isLora } from '../nn/lora.js'
import { packageFolder } from '../package-folder.js'
import type { WeightSource } from '../runtime/runtime.js'
import type { ChatMessage } from '../text/chat.js'
import { openSafetensors, readTensor } from '../weights/safetensors.js'
import type { PartOrigin } from './inherited.js'
import { startingWeights } from './parameters.js'
import { readNumbers, readWeight } from './read-weight.js'
import { loadRecipe } from './recipe/load-recipe.js'
import { TINY_BASE_CHANGES, writeTinyEars, writeTinyRecordings } from './tiny-run.test.helper.js'
import { EMBEDDINGS } from './tokenizer.js'
import { train } from './train.js'
import type { PartCount } from './trained-parts.js'

const STEPS = 5

let root: string
let recordings: string
/** A language model in Hugging Face's layout, and a model that hears, whose encoder is taken. */
let base: string
let ears: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pal-bases-'))
  process.env.PAL_CACHE = join(root, 'cache')
  process.env.HF_HOME = join(root, 'hub')
  recordings = await writeTinyRecordings()
  base = join(root, 'base')
  await cp(fixture('smollm2'), base, { recursive: true })
  ears = await writeTinyEars()
})
after(() => rm(root, { recursive: true, force: true }))

describe('a model that is trained on a frozen language model and a frozen encoder', () => {
  let folder: string
  let model: string
  /** What a kill at the fourth step leaves behind, the one after a checkpoint. */
  let killed: string
  before(async () => {
    folder = join(root, 'whole')
    killed = join(root, 'killed')
    model = await trained(folder, {
      atStep: (step) => step === 4 && cpSync(folder, killed, { recursive: true }),
    })
  })

  test('keeps what was trained, and names the rest', async () => {
    const { bases, model: config } = JSON.parse(
      await readFile(join(model, 'config.json'), 'utf8'),
    ) as ModelDescription
    assert.equal(bases?.llm?.name, 'base')
    assert.match(bases?.encoders?.general?.sha256 ?? '', /^[0-9a-f]{64}$/)
    assert.equal(config.llm.hiddenSize, 32)
    const names = [...(await openSafetensors(join(model, 'model.safetensors'))).tensors.keys()]
    assert.ok(
      names.every((name) => /\.connector\.|^integration\.|\.lora_[AB]\./.test(name)),
      names.join(),
    )
    assert.deepEqual((await readdir(model)).sort(), [
      ...['README.md', 'config.json', 'model.safetensors', 'recipe.yaml', 'training.json'],
    ])
    const { inherited, overrides, stages } = JSON.parse(await readFile(join(model, 'training.json'), 'utf8'))
    assert.deepEqual(
      stages[1].parameters.map(({ part, trained, total }: PartCount) => [
        part,
        trained === total,
        trained > 0,
      ]),
      [
        ['encoder general', false, false],
        ['connector of general', true, true],
        ['integration', true, true],
        ['language model', false, false],
        ['LoRA', true, true],
      ],
    )
    assert.deepEqual(
      inherited.parts.map(({ part, base, drawn }: PartOrigin) => [part, base > 0, drawn > 0]),
      [
        ['encoder general', true, false],
        ['connector of general', false, true],
        ['integration', false, true],
        ['language model', true, false],
        ['LoRA', false, true],
      ],
    )
    assert.deepEqual(overrides.at(-1), {
      ...{ key: 'model.llm', before: { from: 'HuggingFaceTB/SmolLM2-135M-Instruct' } },
      after: { from: 'base' },
    })
    const { recipe } = await loadRecipe(join(model, 'recipe.yaml'), [`data.root=${recordings}`])
    assert.deepEqual(recipe.model.llm, { from: 'base' })
    assert.deepEqual(recipe.model.encoders[0]?.encoder, { from: 'tiny' })
    for (const file of ['recipe.yaml', 'training.json']) {
      assert.ok(!(await readFile(join(model, file), 'utf8')).includes(tmpdir()), file)
    }
    assert.match(
      await readFile(join(model, 'README.md'), 'utf8'),
      /of its own[\s\S]*from tiny[\s\S]*from base/,
    )
    const checkpoint = await openSafetensors(join(folder, 'checkpoint.safetensors'))
    assert.ok(
      [...checkpoint.tensors.keys()].every(
        (name) => /\.lora_[AB]\./.test(name) || !/\/(llm|encoders\.\w+\.encoder)\./.test(name),
      ),
    )
  })

  test('takes the weights from the bases, in place', async () => {
    const { weights, tokenizer } = await openModel(model)
    const embeddings = weights('llm.model.embed_tokens.weight')
    assert.ok(embeddings && 'file' in embeddings && embeddings.file.startsWith(base))
    assert.ok(tokenizer().vocabularySize <= 128)
    assert.equal((await ask({ model })).model, 'smollm2-pal')
  })

  test('resumed after a kill, it is the same to the last bit, wherever the base lies', async () => {
    const elsewhere = join(root, 'elsewhere')
    await cp(base, elsewhere, { recursive: true })
    const resumed = await trained(killed, { bases: { llm: elsewhere, encoders: [ears] } })
    const weightsOf = (path: string) => readFile(join(path, 'model.safetensors'))
    assert.deepEqual(await weightsOf(resumed), await weightsOf(model))
  })

  test('is not gone on with on another base', async () => {
    await assert.rejects(
      trained(folder, { bases: { llm: fixture('qwen2'), encoders: [ears] } }),
      /expected the recipe that this run was started with/,
    )
  })

  test('says where to look for a base that has gone, and finds it again', async () => {
    const place = join(root, 'moved-from')
    await cp(base, place, { recursive: true })
    const own = await trained(join(root, 'moving'), { bases: { llm: place, encoders: [ears] }, steps: 1 })
    await rm(place, { recursive: true })
    await assert.rejects(
      openModel(own),
      /config\.json, bases\.llm: expected "moved-from", which this model is built on, got nothing \(it was .*moved-from\)\nSay where it is: --llm PATH/,
    )
    await assert.rejects(
      ask({ model: own, llm: fixture('llama') }),
      /--llm: expected "moved-from" as it was .* got other weights in .*llama/,
    )
    assert.equal((await ask({ model: own, llm: base })).answerTokens > 0, true)
    assert.equal((await openModel(own)).config.bases?.llm?.name, 'moved-from', 'it is remembered')
    const name = join(root, 'renamed')
    await rename(ears, name)
    await assert.rejects(openModel(own), /bases\.encoders\.general: expected "tiny"[\s\S]*--encoder PATH/)
    await ask({ model: own, encoder: `general=${name}` })
    await rename(name, ears)
  })
})

test('a base that has a name on the hub is fetched when the model is loaded, unless that is not wanted', async (context) => {
  const names = await readdir(base)
  const content = await Promise.all(
    names.map(async (name) => [name, await readFile(join(base, name))] as const),
  )
  const hub = await FakeHub.start(context, Object.fromEntries(content))
  process.env.HF_ENDPOINT = hub.endpoint
  context.after(() => delete process.env.HF_ENDPOINT)
  const { path } = await pull(parseModelName('acme/tiny')!, await hubSettings())
  const model = await trained(join(root, 'named'), {
    bases: { llm: 'acme/tiny', encoders: [ears] },
    steps: 1,
  })
  const { config } = await openModel(model)
  assert.deepEqual(await missingBases(config), [])
  await rm(join(path, '..', '..'), { recursive: true })
  assert.deepEqual(await missingBases(config), ['acme/tiny'])
  await assert.rejects(
    ask({ model, fetch: false }),
    /"acme\/tiny", .* got nothing[\s\S]*Fetch it: pal pull acme\/tiny/,
  )
  process.env.HF_HUB_OFFLINE = '1'
  await assert.rejects(
    ask({ model }).finally(() => delete process.env.HF_HUB_OFFLINE),
    /bases\.llm: expected "acme\/tiny", which this model is built on, got nothing .*forbids the network[\s\S]*--llm PATH/,
  )
  const fetched: string[] = []
  const onProgress = ({ name, file }: { name: string; file: string }) => fetched.push(`${name} ${file}`)
  await ask({ model, fetch: { onProgress } })
  assert.ok(fetched.includes('acme/tiny model-00005-of-00005.safetensors'))
  const before = hub.requests.length
  await ask({ model })
  assert.equal(hub.requests.length, before, 'what is there is not asked for again')
})

for (const family of ['whisper-80', 'ast', 'eat', 'clap-unfused', 'aisfx', 'yamnet']) {
  test(`an encoder in Hugging Face's layout, ${family}, is taken as it is, and not kept`, async () => {
    const encoder = encoderFixture(family)
    const encoders = [{ name: 'general', encoder: { from: encoder }, connector: { kind: 'mlp' } }]
    const short = [0, 1].map((i) => `stages.${i}.batches=${JSON.stringify([DRUMS])}`)
    const changes = [`model.encoders=${JSON.stringify(encoders)}`, ...short]
    const model = await trained(join(root, family), { bases: { llm: base }, steps: 1, changes })
    const { tensors } = await openSafetensors(join(model, 'model.safetensors'))
    const prefix = 'encoders.general.encoder.'
    assert.ok(![...tensors.keys()].some((name) => name.startsWith(prefix)))
    const { weights, config } = await openModel(model)
    const theirs = await openEncoder(encoder)
    for (const name of modelParameters(config.model).keys()) {
      if (name.startsWith(prefix)) assert.deepEqual(weights(name), theirs.weights(name.slice(prefix.length)))
    }
    await ask({ model })
  })
}

test("an encoder that is kept is the model's own, and the same as if it was not", async () => {
  const trainedOn = (folder: string, encoder: object) =>
    trained(join(root, folder), {
      bases: { llm: base },
      steps: 2,
      changes: [
        `model.encoders=${JSON.stringify([{ name: 'general', encoder, connector: { kind: 'mlp' } }])}`,
        ...[0, 1].map((i) => `stages.${i}.batches=${JSON.stringify([DRUMS])}`),
      ],
    })
  const place = join(root, 'to-be-kept')
  await cp(encoderFixture('aisfx'), place, { recursive: true })
  const [kept, built] = [
    await trainedOn('kept', { from: place, keep: true }),
    await trainedOn('built', { from: place }),
  ]
  const theirs = await openEncoder(encoderFixture('aisfx'))
  await rm(place, { recursive: true })
  const { config, weights } = await openModel(kept)
  assert.equal(config.bases?.encoders, undefined)
  for (const name of modelParameters(config.model).keys()) {
    const prefix = 'encoders.general.encoder.'
    if (!name.startsWith(prefix)) continue
    const [ours, original] = [weights(name), theirs.weights(name.slice(prefix.length))]
    assert.deepEqual(await readWeight(ours!, name), await readWeight(original!, name))
  }
  assert.ok((await ask({ model: kept })).answerTokens > 0)
  const connector = async (model: string) => {
    const { tensors } = await openSafetensors(join(model, 'model.safetensors'))
    return readTensor(tensors.get('encoders.general.connector.up.weight')!)
  }
  // To the last bits: weights that are fed are not folded beforehand.
  assert.ok(relativeError(await connector(kept), await connector(built)) < 1e-5)
})

for (const [family, weight] of [
  ['aisfx', 'conv_block4.conv2.weight'],
  ['yamnet', 'layer14.depthwise_conv.weight'],
] as const) {
  test(`a convolutional encoder, ${family}, learns, and what its batch normalisation has counted stays`, async () => {
    const encoder = { from: encoderFixture(family) }
    const encoders = [{ name: 'general', encoder, connector: { kind: 'mlp' } }]
    const changes = [
      `model.encoders=${JSON.stringify(encoders)}`,
      ...[0, 1].map((i) => `stages.${i}.batches=${JSON.stringify([DRUMS])}`),
      'stages.1.trained=["encoders.*", "integration.*", "*.lora_*"]',
    ]
    const model = await trained(join(root, `${family}-learns`), { bases: { llm: base }, steps: 1, changes })
    const { tensors } = await openSafetensors(join(model, 'model.safetensors'))
    const own = [...tensors.keys()].filter((name) => name.startsWith('encoders.general.encoder.'))
    const learnt = tensors.get(`encoders.general.encoder.${weight}`)
    const theirs = (await openEncoder(encoder.from)).weights(weight)
    assert.notDeepEqual(await readTensor(learnt!), await readWeight(theirs!, weight))
    assert.ok(!own.some((name) => name.includes('running_')))
    await ask({ model })
  })
}

test('a connector of words wants a language model that knows words', async () => {
  const encoders = [
    { name: 'general', encoder: { from: encoderFixture('yamnet') }, connector: { kind: 'words' } },
  ]
  const { llm } = tinyConfig()
  const changes = [
    `model.encoders=${JSON.stringify(encoders)}`,
    `model.llm=${JSON.stringify(llm)}`,
    ...[0, 1].flatMap((i) => [`stages.${i}.batches=${JSON.stringify([DRUMS])}`, `stages.${i}.trained=["*"]`]),
  ]
  await assert.rejects(
    trained(join(root, 'wordless'), { bases: {}, steps: 1, changes }),
    /model\.llm: expected a language model that knows words, .*got one that is drawn anew/,
  )
})

test("a connector of words begins as the language model's words for its encoder's labels", async () => {
  const from = encoderFixture('yamnet')
  const encoders = [{ name: 'general', encoder: { from }, connector: { kind: 'words' } }]
  const changes = [
    `model.encoders=${JSON.stringify(encoders)}`,
    'model.llm.bits=4',
    ...[0, 1].map((i) => `stages.${i}.batches=${JSON.stringify([DRUMS])}`),
    'stages.0.trained=["*.lora_*"]',
    'stages.1.trained=["*.lora_*"]',
  ]
  const model = await trained(join(root, 'words'), { bases: { llm: base }, steps: 1, changes })
  const { tensors } = await openSafetensors(join(model, 'model.safetensors'))
  const ours = await readTensor(tensors.get('encoders.general.connector.weight')!)
  const { weights, config, tokenizer } = await openModel(model)
  const { hiddenSize } = config.model.llm
  const embeddings = await readNumbers(weights(EMBEDDINGS)!, EMBEDDINGS)
  const ids = tokenizer().encode(' bee wasp etc')
  const mean = Float32Array.from({ length: hiddenSize }, (_, i) =>
    ids.reduce((sum, id) => sum + embeddings[id * hiddenSize + i]! / ids.length, 0),
  )
  assert.ok(relativeError(ours.subarray(hiddenSize, 2 * hiddenSize), mean) < 1e-3, 'as float16')
  await ask({ model })
})

test('a Whisper with a shorter window, its connector warmed up by words, and a system message', async () => {
  const encoder = { from: encoderFixture('whisper-80'), windowSeconds: 0.6 }
  const short = [0, 1].map((i) => `stages.${i}.batches=${JSON.stringify([DRUMS])}`)
  const connector = ['stages.0.objective=words', 'stages.0.trained=["encoders.*.connector.*"]']
  const listening = (window: object) =>
    `model.encoders=${JSON.stringify([{ name: 'general', encoder: window, connector: { kind: 'mlp' } }])}`
  const changes = [listening(encoder), ...short, ...connector, 'model.system=You can hear.']
  const model = await trained(join(root, 'window'), { bases: { llm: base }, steps: 2, changes })
  const { config, tokenizer } = await openModel(model)
  assert.equal(config.model.encoders[0]?.encoder.windowSeconds, 0.6)
  const chat = (...messages: ChatMessage[]) => tokenizer().chat(messages, { addGenerationPrompt: true }).ids
  const question = { role: 'user', content: 'What do you hear?' } as const
  assert.deepEqual(chat(question), chat({ role: 'system', content: 'You can hear.' }, question))
  await ask({ model })

  const wrong = (window: object, ...bases: string[]) =>
    trained(join(root, 'windows'), { bases: { llm: base, encoders: bases }, changes: [listening(window)] })
  await assert.rejects(
    wrong({ ...encoder, windowSeconds: 60 }),
    /windowSeconds: expected a window of at most/,
  )
  await assert.rejects(
    wrong({ from: encoderFixture('ast'), windowSeconds: 0.6 }),
    /model\.encoders\.general\.encoder\.windowSeconds: expected a Whisper.* of kind "ast"/,
  )
})

test('at half precision, the base and what is saved', async () => {
  const bases = { llm: fixture('qwen2'), encoders: [ears] }
  const model = await trained(join(root, 'half'), { bases, steps: 2, changes: ['dtype=F16'] })
  assert.equal((await openModel(model)).config.bases?.llm?.name, 'qwen2')
  await ask({ model })
})

test('what is trained of a base is kept, and can be started from', async () => {
  const changes = ['stages.0.trained=["encoders.*.connector.*", "integration.*", "llm.*.q_proj.*"]']
  const model = await trained(join(root, 'fine-tuned'), { steps: 2, changes })
  const { tensors } = await openSafetensors(join(model, 'model.safetensors'))
  const name = 'llm.model.layers.1.self_attn.q_proj.weight'
  assert.ok(tensors.has(name))
  const kept = [...tensors.keys()].filter((tensor) => tensor.startsWith('llm.') && !isLora(tensor))
  assert.equal(kept.length, 2)
  const { weights } = await openModel(model)
  const place = weights(name)
  assert.ok(place && 'file' in place && place.file.startsWith(model))
  await ask({ model })

  const start = [`start={model: ${model}}`]
  await trained(join(root, 'second'), { steps: 1, changes: [...changes, ...start] })
  await assert.rejects(
    trained(join(root, 'third'), { steps: 1, changes: start }),
    /start\.parameters: expected "llm\.model\.layers\.0\.self_attn\.q_proj\.weight" to be the base's in both/,
  )
})

test('without its FFN, a language model is trained, and the FFN stays where it is', async () => {
  const changes = ["stages.0.trained=['*', '!llm.*.mlp.*', '!encoders.*.encoder.*']"]
  const model = await trained(join(root, 'frozen-ffn'), { steps: 1, changes })
  const { tensors } = await openSafetensors(join(model, 'model.safetensors'))
  const names = [...tensors.keys()].filter((name) => name.startsWith('llm.') && !isLora(name))
  assert.ok(names.includes('llm.model.layers.0.self_attn.q_proj.weight'))
  assert.ok(!names.some((name) => name.includes('.mlp.')))
  const { weights } = await openModel(model)
  const feed = weights('llm.model.layers.0.mlp.up_proj.weight')
  assert.ok(feed && 'file' in feed && feed.file.startsWith(base))
  await ask({ model })
})

test('the curriculum runs, stage by stage', async () => {
  const file = join(packageFolder(), 'recipes', 'curriculum-smollm2.yaml')
  const { recipe } = await loadRecipe(file)
  const small = recipe.stages.flatMap(({ batches }, stage) => [
    `stages.${stage}.steps=1`,
    ...batches.map((_, batch) => `stages.${stage}.batches.${batch}.audios=1`),
  ])
  const loaded = await loadRecipe(file, [`data.root=${recordings}`, ...small], { llm: base })
  const { model } = await train(loaded, { folder: join(root, 'curriculum'), threads: 1 })
  const { stages } = JSON.parse(await readFile(join(model, 'training.json'), 'utf8'))
  const learning = ({ parameters }: { parameters: readonly PartCount[] }) =>
    parameters.flatMap(({ part, trained }) => (trained > 0 ? [part] : []))
  const [connector, lora] = ['connector of general', 'LoRA'] as const
  assert.deepEqual(stages.map(learning), [[connector], ...[1, 2, 3].map(() => [connector, lora])])
  await ask({ model })
})

test('a learning rate of its own moves what it is for, and only that', async () => {
  const lora = async (folder: string, changes: readonly string[]) => {
    const model = await trained(join(root, folder), { steps: 1, changes })
    const { tensors } = await openSafetensors(join(model, 'model.safetensors'))
    const names = [...tensors.keys()].filter((name) => name.endsWith('.lora_B.weight'))
    const values = await Promise.all(names.map(async (name) => [...(await readTensor(tensors.get(name)!))]))
    return Math.max(...values.flat().map(Math.abs))
  }
  const [slow, fast] = [
    await lora('slow', ['stages.1.learningRates={"*.lora_*": 1.0e-9}', 'stages.1.warmup=0']),
    await lora('fast', ['stages.1.learningRates={"*.lora_*": 1.0e-2}', 'stages.1.warmup=0']),
  ]
  assert.ok(slow > 0 && slow < 1.1e-9 && fast > 9e-3 && fast < 1.1e-2, `${slow} and ${fast}`)
})

test('a start takes LoRA over only where it is the same', async () => {
  const model = await trained(join(root, 'adapted'), { steps: 1 })
  const start = [`start={model: ${model}, parameters: ["*.lora_*"]}`]
  await trained(join(root, 'same'), { steps: 1, changes: start })
  await assert.rejects(
    trained(join(root, 'louder'), { steps: 1, changes: [...start, 'model.lora.alpha=1'] }),
    /start\.parameters: expected the model to have the LoRA of the one it starts from, .*"alpha":16.* got .*"alpha":1,/,
  )
})

describe('mistakes', () => {
  test('patterns of LoRA and of learning rates that fit nothing', async () => {
    const wrong = (...changes: string[]) => trained(join(root, 'unfit'), { changes })
    await assert.rejects(
      wrong('model.lora.on=[llm.layers.*.q_proj]'),
      /model\.lora\.on: .*got "llm\.layers\.\*\.q_proj", which fits none\n.*model\.layers\.0\.self_attn\.q_proj/,
    )
    await assert.rejects(
      wrong("model.lora.on=['llm.*.q_proj', '!llm.*.layers.9.*']"),
      /model\.lora\.on: .*got "!llm\.\*\.layers\.9\.\*", which excludes none of what the others fit/,
    )
    await assert.rejects(
      wrong('stages.1.trained=["integration.*"]', 'stages.1.learningRates={"integration.*": 0.1}'),
      /stages\.\*\.trained: expected a stage that trains what `model\.lora` adds, got none/,
    )
    await assert.rejects(
      wrong('stages.0.learningRates={"*.lora_*": 0.1}'),
      /stages\.0\.learningRates: .*got "\*\.lora_\*", which fits none/,
    )
  })

  test('a base for a model that has that part itself', async () => {
    await assert.rejects(
      loadPal({ model: ears, llm: base }),
      /--llm: expected a model that is built on another/,
    )
    await assert.rejects(loadPal({ model: ears, encoder: ears }), /--encoder: expected a model that is built/)
  })

  test('bases that are not there, or are something else', async () => {
    const wrong = (bases: ChosenBases) => trained(join(root, 'wrong'), { bases })
    await assert.rejects(wrong({ llm: 'nobody/nothing', encoders: [ears] }), /pal pull nobody\/nothing/)
    await assert.rejects(wrong({ llm: base, encoders: [base] }), /base.config\.json.*encoder/)
    await assert.rejects(
      wrong({ llm: base, encoders: [ears, ears] }),
      /--encoder: .*one base.*"general", got two/,
    )
  })

  test('a base that cannot chat, a GGUF file here', async () => {
    const bases = { llm: fixture('mistral.gguf'), encoders: [ears] }
    await assert.rejects(trained(join(root, 'gguf'), { bases }), /mistral\.gguf, chat_template: .*got none/)
  })

  test('matrices that are rounded and trained', async () => {
    const changes = ['model.llm.bits=4', 'stages.1.trained=["llm.*"]']
    await assert.rejects(
      trained(join(root, 'both'), { changes }),
      /model\.llm\.bits: .*4 bits.*trains llm\.model\./,
    )
  })

  test('a recipe that says both', async () => {
    const text = await readFile(RECIPE, 'utf8')
    const file = join(root, 'both.yaml')
    await writeFile(file, text.replace('{ from: pal-tiny }', '{ from: pal-tiny, layers: 2 }'))
    await assert.rejects(
      loadRecipe(file),
      /both\.yaml:\d+, model\.encoders\.0\.encoder\.layers: .*got "layers"/,
    )
  })
})

test('what is trained for 4 bits computes with the numbers that it will be used with', async () => {
  const model = await trained(join(root, 'bits'), { steps: 2, changes: ['model.llm.bits=4'] })
  const description = JSON.parse(await readFile(join(model, 'config.json'), 'utf8')) as ModelDescription
  assert.deepEqual(description.quantization, { bits: 4, blockSize: 32 })

  const { recipe } = await loadRecipe(RECIPE, [...TINY_BASE_CHANGES, 'model.llm.bits=4'], {
    llm: base,
    encoders: [ears],
  })
  const { bases } = await resolvePlan(recipe.model)
  const { weights } = await openModel(model)
  for (const name of ['embed_tokens', 'layers.0.mlp.up_proj', 'layers.1.self_attn.v_proj', 'norm']) {
    const used = weights(`llm.model.${name}.weight`) as WeightSource
    assert.equal('bits' in used, name !== 'norm')
    assert.deepEqual(bases.llm?.weights(`llm.model.${name}.weight`), used, name)
  }
  const pal = await loadPal({ model })
  await pal.ask(join(packageFolder(), 'examples', 'snare-drum.wav'), 'What do you hear?', { maxTokens: 2 })
  await pal.close()
})

test('a norm of LAL’s own starts as the pretrained layer’s', async () => {
  const own = ['model.integration={ kind: lal, norm: own }']
  const { recipe } = await loadRecipe(RECIPE, own, { llm: base, encoders: [ears] })
  const { config, bases } = await resolvePlan(recipe.model)
  const options = { seed: 1, labels: [], isOwn: () => false }
  const { own: weights, frozen } = await startingWeights(config, bases, options)
  for (const layer of [0, config.llm.layers - 1]) {
    const theirs = frozen(`llm.model.layers.${layer}.input_layernorm.weight`)
    assert.deepEqual(
      weights.get(`integration.norms.${layer}.weight`),
      await readWeight(theirs as WeightSource, 'norm'),
    )
  }
})

/** Within the windows of the little encoders; a drum may be cut, a digit not. */
const DRUMS = { seconds: 0.6, audios: 2, questions: 2, mix: { drums: 1 } }

const RECIPE = join(packageFolder(), 'recipes', 'smollm2-pal.yaml')

interface Training {
  readonly bases?: ChosenBases
  readonly steps?: number
  readonly changes?: readonly string[]
  readonly atStep?: (step: number) => unknown
}

/** Trains in a folder. @returns the model's */
async function trained(
  folder: string,
  { bases, steps = STEPS, changes = [], atStep }: Training,
): Promise<string> {
  const small = [`data.root=${recordings}`, 'saveEvery=3', ...TINY_BASE_CHANGES, `stages.0.steps=${steps}`]
  const recipe = await loadRecipe(RECIPE, [...small, ...changes], bases ?? { llm: base, encoders: [ears] })
  const { model } = await train(recipe, {
    folder,
    threads: 1,
    onEvent: (event) => event.kind === 'step' && atStep?.(event.report.step),
  })
  return model
}

async function ask(options: LoadOptions) {
  const pal = await loadPal({ threads: 1, ...options })
  try {
    const samples = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i / 5))
    return await pal.ask(encodeWav(samples, 8000), 'What do you hear?', { maxTokens: 4 }).result
  } finally {
    await pal.close()
  }
}
