import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGguf } from './gguf.js'
import { float, floats, ggufBytes, list, type Parts, text, uint } from './gguf.test.helper.js'
import { ggufConfig } from './gguf-config.js'
import { openGgufModel } from './gguf-model.js'
import { huggingFaceName } from './gguf-names.js'
import { writeBytes } from './weights.test.fixtures.js'

type Metadata = NonNullable<Parts['metadata']>
type Tensors = NonNullable<Parts['tensors']>

const [width, heads, keyValueHeads, headSize] = [8, 4, 2, 8]

function metadata(architecture = 'llama', more: Metadata = []): Metadata {
  const key = (name: string) => `${architecture}.${name}`
  const entries: Metadata = [
    ['general.architecture', text(architecture)],
    [key('block_count'), uint(1)],
    [key('context_length'), uint(128)],
    [key('embedding_length'), uint(width)],
    [key('feed_forward_length'), uint(16)],
    [key('attention.head_count'), uint(heads)],
    [key('attention.head_count_kv'), uint(keyValueHeads)],
    [key('attention.key_length'), uint(headSize)],
    [key('attention.layer_norm_rms_epsilon'), float(1e-5)],
    [key('rope.freq_base'), float(500000)],
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text('smollm')],
    ['tokenizer.ggml.tokens', list(8, ['a', 'b', 'ab'])],
    ['tokenizer.ggml.token_type', list(5, [1, 1, 1])],
    ['tokenizer.ggml.merges', list(8, ['a b'])],
  ]
  const replaced = new Set(more.map(([name]) => name))
  return [...entries.filter(([name]) => !replaced.has(name)), ...more]
}

const embeddings: Tensors[number] = ['token_embd.weight', floats([4, width], new Float32Array(4 * width))]

async function config(more: Metadata = [], tensors: Tensors = [embeddings], architecture = 'llama') {
  const parts = { metadata: metadata(architecture, more), tensors }
  return ggufConfig(await openGguf(await writeBytes(ggufBytes(parts), 'model.gguf')))
}

test('the configuration is that of config.json', async () => {
  assert.deepEqual(await config(), {
    model_type: 'llama',
    hidden_size: width,
    num_hidden_layers: 1,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    head_dim: headSize,
    intermediate_size: 16,
    vocab_size: 4,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-5,
    rope_theta: 500000,
    tie_word_embeddings: true,
  })
  const untied = await config([], [embeddings, ['output.weight', embeddings[1]]], 'qwen2')
  assert.equal(untied.tie_word_embeddings, false)
  assert.equal(untied.model_type, 'qwen2')
})

test('scaling of the rotary embedding', async () => {
  const linear: Metadata = [
    ['llama.rope.scaling.type', text('linear')],
    ['llama.rope.scaling.factor', float(4)],
  ]
  assert.deepEqual((await config(linear)).rope_scaling, { rope_type: 'linear', factor: 4 })
  // By hand, for a base of 500,000 and heads of 8: wavelengths of 6.3, 167, 4443 and 118,143 positions.
  const smooth = (8192 / (2 * Math.PI * 500000 ** 0.5) - 1) / 3
  const divisors = [1, 1, 1 / ((1 - smooth) / 32 + smooth), 32]
  const tensors = (numbers: readonly number[]): Tensors => [
    embeddings,
    ['rope_freqs.weight', floats([4], numbers)],
  ]
  assert.deepEqual((await config([], tensors(divisors))).rope_scaling, {
    rope_type: 'llama3',
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  })
  await assert.rejects(
    config([], tensors([1, 2, 3, 32])),
    /rope_freqs\.weight: expected the divisors of Llama 3/,
  )
})

test('what is not understood is refused by key', async () => {
  const cases: readonly (readonly [Metadata, RegExp])[] = [
    [
      [['general.architecture', text('gemma3')]],
      /general\.architecture: expected one of llama, qwen2, qwen3, got "gemma3"/,
    ],
    [
      [['llama.attention.novelty', uint(1)]],
      /llama\.attention\.novelty: expected only settings that are understood/,
    ],
    [[['llama.expert_count', uint(8)]], /llama\.expert_count: expected 0, .*got 8/],
    [[['llama.attention.value_length', uint(4)]], /value_length: expected 8, the size of a key, got 4/],
    [
      [['llama.attention.head_count_kv', list(4, [2, 1])]],
      /head_count_kv: expected a number, got \{"0":2,"1":1\}/,
    ],
    [[['llama.block_count', text('1')]], /llama\.block_count: expected a number, got "1"/],
  ]
  for (const [more, message] of cases) await assert.rejects(config(more), message)
})

test('rows of queries and keys of a llama are brought back to where they were', async () => {
  const rows = (count: number) => Float32Array.from({ length: count * width }, (_, i) => i)
  const query = rows(heads * headSize)
  const key = rows(keyValueHeads * headSize)
  const tensors: Tensors = [
    embeddings,
    ['blk.0.attn_q.weight', floats([heads * headSize, width], permuted(query, heads))],
    ['blk.0.attn_k.weight', floats([keyValueHeads * headSize, width], permuted(key, keyValueHeads))],
    ['blk.0.attn_v.weight', floats([keyValueHeads * headSize, width], key)],
  ]
  const open = async (architecture: string) => {
    const parts = { metadata: metadata(architecture), tensors }
    return openGgufModel(await writeBytes(ggufBytes(parts), 'model.gguf'))
  }
  const llama = (await open('llama')).tensors
  const name = (part: string) => `model.layers.0.self_attn.${part}_proj.weight`
  assert.deepEqual(await llama.get(name('q'))?.read(), query)
  assert.deepEqual(await llama.get(name('k'))?.read(), key)
  assert.deepEqual(await llama.get(name('v'))?.read(), key)
  // Only what can be mapped as it lies is called F32.
  assert.notEqual(llama.get(name('q'))?.stored.dtype, 'F32')
  assert.equal(llama.get(name('v'))?.stored.dtype, 'F32')
  assert.notDeepEqual(await (await open('qwen2')).tensors.get(name('q'))?.read(), query)
})

test('names of tensors', async () => {
  assert.equal(huggingFaceName('blk.12.ffn_norm.weight'), 'model.layers.12.post_attention_layernorm.weight')
  assert.equal(huggingFaceName('blk.0.attn_q.bias'), 'model.layers.0.self_attn.q_proj.bias')
  assert.equal(huggingFaceName('output.weight'), 'lm_head.weight')
  for (const name of ['blk.0.constructor.weight', 'toString.weight', 'blk.x.attn_q.weight', 'output', '']) {
    assert.equal(huggingFaceName(name), undefined, name)
  }
  const parts = { metadata: metadata(), tensors: [embeddings, ['blk.0.odd.weight', embeddings[1]] as const] }
  const path = await writeBytes(ggufBytes(parts), 'model.gguf')
  await assert.rejects(
    openGgufModel(path),
    /model\.gguf, tensor "blk\.0\.odd\.weight": expected a tensor of a Llama/,
  )
})

/** `LlamaModel.permute` of llama.cpp: what lies apart by half a head comes side by side. */
function permuted(numbers: Float32Array, count: number): Float32Array {
  const size = numbers.length / width / count
  const out = new Float32Array(numbers.length)
  for (let head = 0; head < count; head++) {
    for (let half = 0; half < 2; half++) {
      for (let i = 0; i < size / 2; i++) {
        const from = (head * size + (half * size) / 2 + i) * width
        out.set(numbers.subarray(from, from + width), (head * size + 2 * i + half) * width)
      }
    }
  }
  return out
}
