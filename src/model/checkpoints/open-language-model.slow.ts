import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { LLAMA_SIZES, type LlamaConfig } from '../../llm/config.js'
import { KeyValueCache } from '../../llm/kv-cache.js'
import { fixture } from '../../llm/reference.test.helper.js'
import { Random } from '../../random.js'
import { Runtime } from '../../runtime/runtime.js'
import { byteCharacters } from '../../text/byte-level.js'
import { type TokenizerJson, tokenizerJson, writeTokenizer } from '../../text/tokenizer-json.js'
import { LanguageModel } from '../answering/language-model.js'
import { modelParameters } from '../network/parameters.js'
import { openLanguageModel, withoutAudio } from './open-language-model.js'

/**
 * How long a model takes to open, until it can be asked, and how much memory it holds while it answers. Needs 6 GB
 * of disk for random weights, and a machine that does nothing else.
 */
describe('opening a language model', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pal-slow-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('135M of float32: under 1 s', async (context) => {
    await writeRandomModel(folder, LLAMA_SIZES['smollm2-135m'], 'F32')
    const { seconds } = await openAndAnswer(folder)
    context.diagnostic(`${seconds.toFixed(2)} s`)
    assert.ok(seconds < 1, `${seconds} s`)
  })

  test('135M of bfloat16: under 1 s from the second time', async (context) => {
    await writeRandomModel(folder, LLAMA_SIZES['smollm2-135m'], 'BF16')
    const first = await openAndAnswer(folder)
    const second = await openAndAnswer(folder)
    context.diagnostic(`${first.seconds.toFixed(2)} s, then ${second.seconds.toFixed(2)} s`)
    assert.ok(second.seconds < 1, `${second.seconds} s`)
  })

  test('the shape of Llama 3.2 1B: under 3 s, in 1.2 times its size', async (context) => {
    const bytes = await writeRandomModel(folder, LLAMA_SIZES['llama-3.2-1b'], 'F32')
    const { seconds, residentBytes } = await openAndAnswer(folder)
    const share = residentBytes / bytes
    context.diagnostic(`${seconds.toFixed(2)} s, ${share.toFixed(2)} times ${(bytes / 1e9).toFixed(2)} GB`)
    assert.ok(seconds < 3, `${seconds} s`)
    assert.ok(share < 1.2, `${share}`)
  })
})

/** Opens a model as whoever asks it does, and lets it read 32 tokens and write 8. */
async function openAndAnswer(folder: string): Promise<{ seconds: number; residentBytes: number }> {
  const start = performance.now()
  const { config, weights, tokenizer } = await openLanguageModel(folder, { cache: join(folder, 'cache') })
  const runtime = await Runtime.start()
  try {
    const compiling = LanguageModel.compile(runtime, withoutAudio(config), weights)
    tokenizer()
    const model = await compiling
    const seconds = (performance.now() - start) / 1000
    const cache = KeyValueCache.empty(config)
    const prompt = Array.from({ length: 32 }, (_, i) => i)
    await model.read(cache, { ids: prompt }, 0)
    for (let i = 0; i < 8; i++) await model.read(cache, { ids: [i] }, prompt.length + i)
    // What is mapped counts as well, once it has been read.
    return { seconds, residentBytes: process.memoryUsage.rss() }
  } finally {
    await runtime.close()
  }
}

const BLOCK = 2 ** 22
const BYTES = { F32: 4, BF16: 2 } as const

/** A model folder of random weights, block by block: they are never in this process as a whole. @returns their size */
async function writeRandomModel(
  folder: string,
  config: LlamaConfig,
  dtype: keyof typeof BYTES,
): Promise<number> {
  await writeTokenizer(folder, largeTokenizer(), { chatTemplate: 'none', endToken: END })
  await writeFile(join(folder, 'config.json'), JSON.stringify(await huggingFaceConfig(config)))
  let end = 0
  const entries: Record<string, unknown> = {}
  for (const [name, { shape }] of modelParameters(withoutAudio(config))) {
    const begin = end
    end += shape.reduce((product, size) => product * size, BYTES[dtype])
    entries[name.replace(/^llm\./, '')] = { dtype, shape, data_offsets: [begin, end] }
  }
  const json = JSON.stringify(entries)
  const header = Buffer.from(json.padEnd(Math.ceil((json.length + 8) / 64) * 64 - 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  const random = new Random('weights', 1)
  const numbers = Float32Array.from({ length: BLOCK }, () => 0.02 * random.normal())
  const stored = dtype === 'F32' ? numbers : new Uint16Array(numbers.buffer).filter((_, i) => i % 2 === 1)
  const block = new Uint8Array(stored.buffer)
  const file = await open(join(folder, 'model.safetensors'), 'w')
  try {
    await file.write(length)
    await file.write(header)
    for (let left = end; left > 0; left -= block.length)
      await file.write(block, 0, Math.min(left, block.length))
  } finally {
    await file.close()
  }
  return end
}

const END = '<|end|>'

/** As many tokens as SmolLM2 has, most of them two bytes long: reading them is a good part of opening a model. */
function largeTokenizer(): TokenizerJson {
  const pairs = byteCharacters.flatMap((a) => byteCharacters.map((b) => [a, b] as const)).slice(0, 48_000)
  return tokenizerJson([END], [...byteCharacters, ...pairs.map((pair) => pair.join(''))], pairs)
}

/** A config.json for these sizes, written over one that Transformers wrote. */
async function huggingFaceConfig(config: LlamaConfig): Promise<object> {
  const written = JSON.parse(await readFile(join(fixture('llama'), 'config.json'), 'utf8')) as object
  return {
    ...written,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    intermediate_size: config.feedForwardSize,
    vocab_size: config.vocabularySize,
    tie_word_embeddings: config.tieEmbeddings,
  }
}
