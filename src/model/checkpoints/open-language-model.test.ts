import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { PalError } from '../../errors.js'
import { readReference } from '../../graph/parity.test.helper.js'
import { KeyValueCache } from '../../llm/kv-cache.js'
import { FIXTURES, fixture } from '../../llm/reference.test.helper.js'
import { createSampler } from '../../llm/sampling.js'
import { packageFolder } from '../../package-folder.js'
import { Runtime } from '../../runtime/runtime.js'
import { openSafetensors, readTensor, writeSafetensors } from '../../weights/safetensors.js'
import { generate } from '../answering/generator.js'
import { LanguageModel } from '../answering/language-model.js'
import { writeTinyModel } from '../tiny-model.js'
import { type OpenedLanguageModel, openLanguageModel, withoutAudio } from './open-language-model.js'

let runtime: Runtime
let cache: string
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
  cache = await mkdtemp(join(tmpdir(), 'pal-language-model-'))
})
after(async () => {
  await runtime.close()
  await rm(cache, { recursive: true, force: true })
})

for (const name of [...FIXTURES, 'mistral.gguf']) {
  describe(`${name} is what Hugging Face Transformers makes of it`, () => {
    let opened: OpenedLanguageModel
    let model: LanguageModel
    let texts: readonly { readonly ids: number[]; readonly logits: Float32Array; readonly greedy: number[] }[]
    before(async () => {
      opened = await openLanguageModel(fixture(name), { cache })
      model = await compile(opened)
      texts = await expectedTexts(name.replace('.gguf', ''))
    })
    after(() => model.release())

    test('logits at every position, read at once and token by token', async () => {
      for (const { ids, logits } of texts) {
        const rows = KeyValueCache.empty(opened.config)
        const each: number[] = []
        for (const [i, id] of ids.entries()) each.push(...(await model.read(rows, { ids: [id] }, i)))
        assert.ok(largestError(each, logits) < 1e-4, `${largestError(each, logits)}`)
        const atOnce = await model.read(KeyValueCache.empty(opened.config), { ids }, 0)
        const last = logits.subarray(-atOnce.length)
        assert.ok(largestError([...atOnce], last) < 1e-4, `${largestError([...atOnce], last)}`)
      }
    })

    test('greedy tokens', async () => {
      for (const { ids, greedy } of texts) {
        const options = { sampler: createSampler(), maxTokens: greedy.length, endIds: [] }
        const answer = generate(
          model,
          { cache: KeyValueCache.empty(opened.config), ids, position: 0 },
          options,
        )
        const tokens: number[] = []
        for await (const token of answer) tokens.push(token)
        assert.deepEqual(tokens, greedy)
      }
    })
  })
}

describe('where the weights lie', () => {
  test('float32 stays in its file, sharded or not, also where a folder is made of links', async () => {
    const folder = await copyOf('smollm2')
    const links = join(cache, 'models--someone--small', 'snapshots', '0123')
    await cp(folder, links, { recursive: true })
    for (const file of await readdir(folder)) {
      await rm(join(links, file))
      await symlink(join(folder, file), join(links, file))
    }
    const opened = await openLanguageModel(links, { cache })
    assert.equal(opened.name, 'someone/small')
    const place = opened.weights('llm.model.embed_tokens.weight')
    assert.ok(place && 'file' in place)
    assert.equal(place.file, join(folder, 'model-00001-of-00005.safetensors'))
    assert.equal((await logitsAfter(opened, [5, 6])).length, 128)
  })

  test('half precision is converted once, and again when the file has changed', async () => {
    const folder = await copyOf('qwen2')
    const kept = join(cache, 'kept')
    const placeNow = async () => {
      const place = (await openLanguageModel(folder, { cache: kept })).weights('llm.model.norm.weight')
      assert.ok(place && 'file' in place)
      return place.file
    }
    const bytes: number[] = []
    await openLanguageModel(folder, { cache: kept, onProgress: (done, total) => bytes.push(done / total) })
    assert.equal(bytes.at(-1), 1)
    const first = await placeNow()
    assert.equal(await placeNow(), first)
    await utimes(join(folder, 'model.safetensors'), 1, 1)
    assert.notEqual(await placeNow(), first)
    assert.equal((await readdir(join(kept, 'float32'))).length, 2)
  })

  test('a copy that is damaged is made anew', async () => {
    for (const [kind, bits] of [
      ['float32', undefined],
      ['blocks', 8],
    ] as const) {
      const kept = join(cache, `damaged-${kind}`)
      const open = () => openLanguageModel(fixture('qwen2'), { cache: kept, ...(bits && { bits }) })
      const logits = await logitsAfter(await open(), [5, 6])
      const [name = ''] = await readdir(join(kept, kind))
      const copy = join(kept, kind, name)
      const whole = await readFile(copy)
      for (const damaged of [whole.subarray(0, -1), whole.subarray(0, 4), Buffer.alloc(whole.length)]) {
        await rm(copy)
        await writeFile(copy, damaged)
        assert.deepEqual(await logitsAfter(await open(), [5, 6]), logits)
        assert.deepEqual(await readFile(copy), whole)
      }
    }
  })

  test('a copy that cannot be written', async () => {
    const file = join(cache, 'no-folder')
    await writeFile(file, '')
    for (const bits of [undefined, 4] as const) {
      await assert.rejects(
        openLanguageModel(fixture('qwen2'), { cache: file, ...(bits && { bits }) }),
        /no-folder.*expected to write a copy of .*qwen2, 1 MiB: ENOTDIR.*\n.*PAL_CACHE/,
      )
    }
  })

  test('the fingerprint is the same elsewhere, and another for other weights', async () => {
    const folder = await copyOf('llama')
    const { sha256 } = await openLanguageModel(fixture('llama'), { cache })
    assert.match(sha256, /^[0-9a-f]{64}$/)
    assert.equal((await openLanguageModel(folder, { cache })).sha256, sha256)
    await changeTensors(folder, (tensors) =>
      tensors.get('model.layers.1.self_attn.v_proj.weight')!.data.fill(1),
    )
    assert.notEqual((await openLanguageModel(folder, { cache })).sha256, sha256)
  })
})

describe('weights that the configuration does not describe', () => {
  const cases: readonly [name: string, change: (tensors: Tensors) => void, message: RegExp][] = [
    ['missing', (tensors) => tensors.delete('model.norm.weight'), /these are missing: model\.norm\.weight$/],
    [
      'unknown',
      (tensors) =>
        tensors.set('model.layers.0.self_attn.q_proj.bias', { shape: [1], data: Float32Array.of(1) }),
      /these are unknown: model\.layers\.0\.self_attn\.q_proj\.bias$/,
    ],
    [
      'of another shape',
      (tensors) => tensors.set('model.norm.weight', { shape: [2], data: Float32Array.of(1, 2) }),
      /model\.norm\.weight: expected shape \[32\], got \[2\]/,
    ],
  ]
  for (const [name, change, message] of cases) {
    test(name, async () => {
      const folder = await copyOf('llama')
      await changeTensors(folder, change)
      await assert.rejects(openLanguageModel(folder, { cache }), (error) => {
        assert.ok(error instanceof PalError)
        assert.match(error.message, message)
        return true
      })
    })
  }

  test('of whole numbers', async () => {
    const folder = await copyOf('llama')
    const file = join(folder, 'model.safetensors')
    const bytes = await readFile(file)
    const length = Number(bytes.readBigUInt64LE())
    const header = bytes.toString('utf8', 8, 8 + length)
    await writeFile(
      file,
      Buffer.concat([
        bytes.subarray(0, 8),
        Buffer.from(header.replace('F32', 'I32')),
        bytes.subarray(8 + length),
      ]),
    )
    await assert.rejects(
      openLanguageModel(folder, { cache }),
      /weights of F32, F16, BF16, got I32\n.*quantised/,
    )
  })

  test('but tables and a head that is the embedding table are let pass', async () => {
    const folder = await copyOf('smollm2')
    await joinShards(folder)
    await changeTensors(folder, (tensors) => {
      tensors.set('lm_head.weight', tensors.get('model.embed_tokens.weight')!)
      tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', { shape: [4], data: new Float32Array(4) })
    })
    const logits = await logitsAfter(await openLanguageModel(folder, { cache }), [1, 2])
    assert.deepEqual(
      logits,
      await logitsAfter(await openLanguageModel(fixture('smollm2'), { cache }), [1, 2]),
    )
  })

  test('a tokenizer with more tokens than embeddings', async () => {
    const folder = await copyOf('llama')
    const file = join(folder, 'tokenizer.json')
    const json = JSON.parse(await readFile(file, 'utf8'))
    json.model.vocab['\u0080'] = 128
    await writeFile(file, JSON.stringify(json))
    const tooMany = /at most 128 tokens, .* got 129/
    assert.throws((await openLanguageModel(folder, { cache })).tokenizer, tooMany)
    const empty = join(cache, 'empty')
    await assert.rejects(openLanguageModel(folder, { cache: empty, bits: 8 }), tooMany)
    assert.equal(existsSync(empty), false, 'nothing is copied of a model that is of no use')
  })

  test('a model that hears', async () => {
    const folder = await writeTinyModel()
    await assert.rejects(
      openLanguageModel(folder),
      /^PalError: .*model: expected a language model, got a model that hears, tiny\nName one in the layout/,
    )
    await assert.rejects(
      openLanguageModel(join(packageFolder(), 'models', 'pal-smollm2-135m')),
      /\nName the language model that it is built on: QuantFactory\/SmolLM2-135M-Instruct-GGUF/,
    )
  })

  test('nothing there', async () => {
    await assert.rejects(
      openLanguageModel(join(cache, 'none')),
      /none: expected a folder with a language model, or a GGUF file/,
    )
  })
})

type Tensors = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>

function compile({ config, weights }: OpenedLanguageModel): Promise<LanguageModel> {
  return LanguageModel.compile(runtime, withoutAudio(config), weights)
}

async function logitsAfter(opened: OpenedLanguageModel, ids: readonly number[]): Promise<number[]> {
  const model = await compile(opened)
  return [...(await model.read(KeyValueCache.empty(opened.config), { ids }, 0))]
}

async function expectedTexts(name: string) {
  const { tensors } = await readReference(`llm/fixtures/${name}/expected.safetensors`)
  const [count] = tensors.get('ids')!.shape as [number]
  const row = (key: string, text: number) => {
    const { data } = tensors.get(key)!
    return data.subarray((text * data.length) / count, ((text + 1) * data.length) / count)
  }
  return Array.from({ length: count }, (_, text) => ({
    ids: [...row('ids', text)],
    logits: row('logits', text),
    greedy: [...row('greedy', text)],
  }))
}

/** The largest difference, as a share of the largest logit. */
function largestError(actual: readonly number[], expected: Float32Array): number {
  assert.equal(actual.length, expected.length)
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!))) / largest
}

async function copyOf(name: string): Promise<string> {
  const folder = await mkdtemp(join(cache, `${name}-`))
  await cp(fixture(name), folder, { recursive: true })
  return folder
}

async function changeTensors(folder: string, change: (tensors: Tensors) => void): Promise<void> {
  const file = join(folder, 'model.safetensors')
  const tensors: Tensors = new Map()
  for (const [name, tensor] of (await openSafetensors(file)).tensors) {
    tensors.set(name, { shape: tensor.shape, data: await readTensor(tensor) })
  }
  change(tensors)
  await writeSafetensors(
    file,
    [...tensors].map(([name, tensor]) => ({ name, ...tensor })),
  )
}

async function joinShards(folder: string): Promise<void> {
  const shards = (await readdir(folder)).filter((file) => /^model-.*safetensors$/.test(file))
  const tensors = await Promise.all(
    shards.map(async (shard) => [...(await openSafetensors(join(folder, shard))).tensors.values()]),
  )
  const whole = tensors
    .flat()
    .map((tensor) => ({ ...tensor, dtype: 'F32' as const, data: () => readTensor(tensor) }))
  await writeSafetensors(join(folder, 'model.safetensors'), whole)
}
