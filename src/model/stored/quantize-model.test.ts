import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { PalError } from '../../errors.js'
import { KeyValueCache } from '../../llm/kv-cache.js'
import { fixture } from '../../llm/reference.test.helper.js'
import { Random } from '../../random.js'
import { Runtime } from '../../runtime/runtime.js'
import { readBlocks, type StoredBlocks } from '../../weights/block-tensors.js'
import { openSafetensors, readTensor, type StoredTensor } from '../../weights/safetensors.js'
import { LanguageModel } from '../answering/language-model.js'
import {
  type OpenedLanguageModel,
  openLanguageModel,
  withoutAudio,
} from '../checkpoints/open-language-model.js'
import { modelParameters } from '../network/parameters.js'
import { loadPal } from '../pal.js'
import { integrations, tinyConfig, writeTinyModel } from '../tiny-model.js'
import { openModel } from './model-folder.js'
import { quantizeModel } from './quantize-model.js'

let runtime: Runtime
let temporary: string
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
  temporary = await mkdtemp(join(tmpdir(), 'pal-quantize-'))
})
after(async () => {
  await runtime.close()
  await rm(temporary, { recursive: true })
})

/** Wide enough that every row is whole blocks. What LoRA adds to a matrix in blocks stays in floating point. */
const config = tinyConfig(integrations.lal)
const lora = {
  rank: 2,
  alpha: 4,
  on: ['llm.model.layers.*.self_attn.*_proj', 'llm.model.layers.1.mlp.up_proj'],
}
const wide = { ...config, lora, llm: { ...config.llm, hiddenSize: 64, headSize: 16, feedForwardSize: 96 } }

for (const [bits, tolerance] of [
  [4, 0.05],
  [8, 0.03],
] as const) {
  describe(`${bits} bits`, () => {
    let quantized: string
    let whole: string
    before(async () => {
      quantized = join(temporary, `${bits}`)
      whole = await writeTinyModel({ config: wide })
      const done = await quantizeModel(whole, { bits, out: quantized })
      assert.equal(done.matrices, 1 + 2 * 7)
      assert.ok(done.bytesAfter < done.bytesBefore / 2)
      assert.ok(done.relativeError < (bits === 4 ? 0.09 : 0.007), `${done.relativeError}`)
    })

    test('the scores are those of the numbers that the blocks stand for', async () => {
      const { config: opened, weights } = await openModel(quantized)
      assert.deepEqual(opened.quantization, { bits, blockSize: 32 })
      const numbers = new Map<string, Float32Array>()
      const plain = (name: string) => numbers.get(name)
      for (const name of modelParameters(opened.model).keys()) {
        const stored = weights(name) as StoredBlocks | StoredTensor
        numbers.set(name, await ('bits' in stored ? readBlocks(stored) : readTensor(stored)))
      }
      const [inBlocks, inFloat] = await Promise.all(
        [weights, plain].map(async (source) => {
          const model = await LanguageModel.compile(runtime, opened.model, source)
          return model.read(KeyValueCache.empty(opened.model.llm), { ids: [5, 40, 7, 299, 120] }, 0)
        }),
      )
      // Activations are rounded to 8 bits at every product.
      const norm = (values: Float32Array) => Math.hypot(...values)
      const error = norm(inBlocks!.map((value, i) => value - inFloat![i]!)) / norm(inFloat!)
      assert.ok(error < tolerance, `${error}`)
    })

    test('it opens and answers like any model; cached is uncached', async () => {
      const pal = await loadPal({ model: quantized, threads: 1 })
      const random = new Random('noise')
      const samples = Float32Array.from({ length: 4000 }, () => random.uniform(-0.5, 0.5))
      const source = { name: 'noise', format: 'wav', sampleRate: 8000, channels: 1, seconds: 0.5 } as const
      const audio = { samples, sampleRate: 8000, seconds: 0.5, source, warnings: [] }
      const memory = await pal.listen(audio)
      const ask = (of: typeof audio | typeof memory) =>
        pal.ask(of, 'What do you hear?', { maxTokens: 8 }).result.then(({ answer }) => answer)
      assert.equal(await ask(memory), await ask(audio))
      await pal.close()
    })

    test('a model that is opened so has the same weights, made once', async () => {
      const converted: number[] = []
      const opening = { bits, cache: temporary, onProgress: (done: number) => converted.push(done) }
      const opened = await openModel(whole, {}, opening)
      assert.ok(converted.length > 0)
      converted.length = 0
      await openModel(whole, {}, opening)
      assert.deepEqual(converted, [])
      const folder = await openModel(quantized)
      assert.deepEqual(opened.config.quantization, folder.config.quantization)
      for (const name of modelParameters(opened.config.model).keys()) {
        const [ours, theirs] = [opened.weights(name), folder.weights(name)] as (StoredBlocks | StoredTensor)[]
        assert.equal('bits' in ours!, 'bits' in theirs!, name)
        const numbers = (of: StoredBlocks | StoredTensor) => ('bits' in of ? readBlocks(of) : readTensor(of))
        assert.deepEqual(await numbers(ours!), await numbers(theirs!), name)
      }
    })

    test('it opens with its own bits and no others', async () => {
      assert.deepEqual((await openModel(quantized, {}, { bits })).config, (await openModel(quantized)).config)
      const others = openModel(quantized, {}, { bits: bits === 4 ? 8 : 4 })
      await assert.rejects(
        others,
        /quantization\.bits: expected a model of . bits or of full precision, got one of/,
      )
    })

    test('it cannot be quantised again', async () => {
      const again = quantizeModel(quantized, { bits, out: join(temporary, 'again') })
      await assert.rejects(again, /expected a model of full precision/)
    })
  })
}

describe('a language model in Hugging Face’s layout', () => {
  const ids = [3, 1, 4, 1, 5, 9, 2, 6]
  const logits = async ({ config, weights }: OpenedLanguageModel) => {
    const model = await LanguageModel.compile(runtime, withoutAudio(config), weights)
    return model.read(KeyValueCache.empty(config), { ids }, 0)
  }

  test('quantised in a folder, and on first use into the cache: the same, and near what it was', async () => {
    const folder = fixture('smollm2')
    const out = join(temporary, 'smollm2')
    const done = await quantizeModel(folder, { bits: 8, out })
    const whole = await logits(await openLanguageModel(folder, { cache: temporary }))
    const quantized = await logits(await openLanguageModel(out, { cache: temporary }))
    const onUse = await openLanguageModel(folder, { cache: temporary, bits: 8 })
    assert.deepEqual(await logits(onUse), quantized)
    assert.ok(done.matrices > 0)
    const norm = (values: Float32Array) => Math.hypot(...values)
    const error = norm(whole.map((value, i) => value - quantized[i]!)) / norm(whole)
    assert.ok(error > 0 && error < 0.1, `${error}`)
  })

  test('what is in blocks already is not rounded again', async () => {
    const opening = openLanguageModel(join(temporary, 'smollm2'), { cache: temporary, bits: 4 })
    await assert.rejects(opening, /expected a language model of full precision, got one that is quantised/)
    const asItIs = await openLanguageModel(join(temporary, 'smollm2'), { cache: temporary, bits: 8 })
    assert.deepEqual(await logits(asItIs), await logits(await openLanguageModel(join(temporary, 'smollm2'))))
  })
})

test('a model whose base is rounded already is not rounded to other bits', async () => {
  const folder = await writeTinyModel({ config: wide })
  const file = join(folder, 'config.json')
  const config = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...config, quantization: { bits: 4, blockSize: 32 } }))
  const again = quantizeModel(folder, { bits: 8, out: join(temporary, 'eight') })
  await assert.rejects(again, /expected a model of full precision, got one that is quantised/)
})

test('a copy that is stopped leaves nothing', async () => {
  const stopping = new AbortController()
  const cache = join(temporary, 'stopped')
  const onProgress = () => stopping.abort('enough')
  const folder = await writeTinyModel({ config: wide })
  const opening = openModel(folder, {}, { bits: 8, cache, onProgress, signal: stopping.signal })
  await assert.rejects(opening, (reason) => reason === 'enough')
  assert.deepEqual(await readdir(join(cache, 'blocks')), [])
})

test('a model without a matrix that can be in blocks is not opened so', async () => {
  const llm = { ...config.llm, hiddenSize: 24, heads: 2, keyValueHeads: 1, headSize: 12, feedForwardSize: 40 }
  const folder = await writeTinyModel({ config: { ...config, llm } })
  const opening = openModel(folder, {}, { bits: 8, cache: temporary })
  await assert.rejects(
    opening,
    /expected matrices whose rows are multiples of 32 weights, to be rounded, got none/,
  )
})

test('nothing that is there is written over', async () => {
  const folder = await writeTinyModel({ config: wide })
  const out = await mkdtemp(join(temporary, 'mine-'))
  await quantizeModel(folder, { bits: 8, out }) // An empty folder is as good as none.
  const mine = await mkdtemp(join(temporary, 'mine-'))
  const notes = join(mine, 'README.md')
  await writeFile(notes, 'notes')
  await assert.rejects(
    quantizeModel(folder, { bits: 4, out: mine }),
    /mine-.*, --out: expected a folder that is empty or not there yet, got one with README\.md in it\n/,
  )
  assert.equal(await readFile(notes, 'utf8'), 'notes')
  await assert.rejects(quantizeModel(folder, { bits: 4, out: folder }), /--out: .*got one with README/)
  await assert.rejects(quantizeModel(folder, { bits: 4, out: notes }), /--out: .*got a file\n/)
  await assert.rejects(
    quantizeModel(folder, { bits: 4, out: join(notes, 'x') }),
    (error) => error instanceof PalError && /README\.md/.test(error.message),
  )
})

describe('a card and a name of its own', () => {
  test('a model that hears', async () => {
    const folder = await writeTinyModel({ config: wide })
    await writeFile(join(folder, 'README.md'), 'accuracy: 81.3 %')
    const out = join(temporary, 'card')
    await quantizeModel(folder, { bits: 4, out })
    const card = await readFile(join(out, 'README.md'), 'utf8')
    assert.match(
      card,
      /^# tiny-4bit\n[\s\S]*made of tiny by `pal quantize`[\s\S]*blocks of 32 weights of 4 bits/,
    )
    assert.doesNotMatch(card, /81\.3/)
    assert.equal(await readFile(join(out, 'README.original.md'), 'utf8'), 'accuracy: 81.3 %')
    const pal = await loadPal({ model: out, threads: 1 })
    assert.equal(pal.description.name, 'tiny-4bit')
    await pal.close()
  })

  test('a language model', async () => {
    const out = join(temporary, 'card-llm')
    await quantizeModel(fixture('smollm2'), { bits: 8, out })
    const card = await readFile(join(out, 'README.md'), 'utf8')
    assert.match(
      card,
      /^# smollm2-8bit\n[\s\S]*weights of 8 bits[\s\S]*made of smollm2 by `pal quantize`\.\n$/,
    )
  })
})

test('half precision stays where the runtime is given a copy, and is counted where it cannot', async () => {
  const folder = await writeTinyModel({ config: wide, dtype: 'F16' })
  const own = await quantizeModel(folder, { bits: 8, out: join(temporary, 'half') })
  const { tensors } = await openSafetensors(join(own.folder, 'model.safetensors'))
  const others = [...tensors].filter(([name]) => !name.startsWith('encoders.') && !name.endsWith('.scales'))
  assert.ok(own.widened > 0 && others.every(([, { dtype }]) => dtype === 'U8' || dtype === 'F32'))
  assert.ok([...tensors].every(([name, { dtype }]) => !name.startsWith('encoders.') || dtype === 'F16'))

  const file = join(folder, 'config.json')
  const config = JSON.parse(await readFile(file, 'utf8'))
  const bases = { llm: { name: 'a/b', sha256: 'c'.repeat(64) } }
  await writeFile(file, JSON.stringify({ ...config, bases }))
  const based = await quantizeModel(folder, { bits: 8, out: join(temporary, 'half-based') })
  assert.equal(based.widened, 0)
  assert.ok(based.roundsBase && based.bytesAfter < own.bytesAfter)
})

test('a model whose rows are no whole blocks keeps them as they are', async () => {
  const out = join(temporary, 'narrow')
  const done = await quantizeModel(await writeTinyModel({ config }), { bits: 8, out })
  assert.ok(done.matrices > 0 && done.others > 0)
  const described = JSON.parse(await readFile(join(out, 'config.json'), 'utf8')) as { quantization: unknown }
  assert.deepEqual(described.quantization, { bits: 8, blockSize: 32 })
  await openModel(out)
})
