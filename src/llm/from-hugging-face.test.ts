import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PalError } from '../errors.js'
import { fromHuggingFace } from './from-hugging-face.js'

/** As the models' publishers wrote them. */
const llama32 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 128000,
  eos_token_id: [128001, 128008, 128009],
  head_dim: 64,
  hidden_act: 'silu',
  hidden_size: 2048,
  initializer_range: 0.02,
  intermediate_size: 8192,
  max_position_embeddings: 131072,
  mlp_bias: false,
  model_type: 'llama',
  num_attention_heads: 32,
  num_hidden_layers: 16,
  num_key_value_heads: 8,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 32.0,
    high_freq_factor: 4.0,
    low_freq_factor: 1.0,
    original_max_position_embeddings: 8192,
    rope_type: 'llama3',
  },
  rope_theta: 500000.0,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  transformers_version: '4.45.0.dev0',
  use_cache: true,
  vocab_size: 128256,
}

const smollm2 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 576,
  initializer_range: 0.041666666666666664,
  intermediate_size: 1536,
  is_llama_config: true,
  max_position_embeddings: 8192,
  mlp_bias: false,
  model_type: 'llama',
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  pad_token_id: 2,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_interleaved: false,
  rope_scaling: null,
  rope_theta: 100000,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  'transformers.js_config': { kv_cache_dtype: { fp16: 'float16' } },
  transformers_version: '4.42.3',
  use_cache: true,
  vocab_size: 49152,
}

const qwen25 = {
  architectures: ['Qwen2ForCausalLM'],
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151645,
  hidden_act: 'silu',
  hidden_size: 896,
  initializer_range: 0.02,
  intermediate_size: 4864,
  max_position_embeddings: 32768,
  max_window_layers: 21,
  model_type: 'qwen2',
  num_attention_heads: 14,
  num_hidden_layers: 24,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  transformers_version: '4.43.1',
  use_cache: true,
  use_sliding_window: false,
  vocab_size: 151936,
}

const qwen3 = {
  ...{ architectures: ['Qwen3ForCausalLM'], attention_bias: false, attention_dropout: 0.0, head_dim: 128 },
  ...{ hidden_act: 'silu', hidden_size: 1024, initializer_range: 0.02, intermediate_size: 3072 },
  ...{ max_position_embeddings: 40960, max_window_layers: 28, model_type: 'qwen3' },
  ...{ num_attention_heads: 16, num_hidden_layers: 28, num_key_value_heads: 8, rms_norm_eps: 1e-6 },
  ...{ rope_scaling: null, rope_theta: 1000000, sliding_window: null, tie_word_embeddings: true },
  ...{ use_cache: true, use_sliding_window: false, vocab_size: 151936 },
}

const read = (config: object) => fromHuggingFace(config, 'folder/config.json')

test('published configurations', () => {
  assert.deepEqual(read(llama32), {
    hiddenSize: 2048,
    layers: 16,
    heads: 32,
    keyValueHeads: 8,
    headSize: 64,
    feedForwardSize: 8192,
    vocabularySize: 128256,
    normEpsilon: 1e-5,
    ropeTheta: 500000,
    ropeScaling: {
      kind: 'llama3',
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalPositions: 8192,
    },
    tieEmbeddings: true,
  })
  const { headSize, ropeTheta, ...others } = read(smollm2)
  assert.deepEqual([headSize, ropeTheta, others.ropeScaling], [64, 100000, undefined])
  assert.equal(read(qwen25).queryKeyValueBias, true)
  assert.deepEqual([read(qwen3).queryKeyNorm, read(qwen3).headSize, read(qwen3).heads], [true, 128, 16])
})

test('both spellings of the rotation say the same', () => {
  const { rope_theta, rope_scaling, ...rest } = llama32
  assert.deepEqual(read({ ...rest, rope_parameters: { rope_theta, ...rope_scaling } }), read(llama32))
  const { rope_type: type, ...scaling } = rope_scaling
  assert.deepEqual(read({ ...llama32, rope_scaling: { type, ...scaling } }), read(llama32))
  const linear = { type: 'linear', factor: 2 }
  assert.deepEqual(read({ ...smollm2, rope_scaling: linear }).ropeScaling, { kind: 'linear', factor: 2 })
})

test('defaults are those of Transformers', () => {
  const { num_key_value_heads: _, rope_theta: __, tie_word_embeddings: ___, ...rest } = smollm2
  const { keyValueHeads, ropeTheta, tieEmbeddings } = read(rest)
  assert.deepEqual([keyValueHeads, ropeTheta, tieEmbeddings], [9, 10000, false])
})

describe('what this decoder is not is named by file, key and value', () => {
  const yarn = { type: 'yarn', factor: 4.0, original_max_position_embeddings: 32768 }
  const cases: readonly [name: string, config: object, message: RegExp][] = [
    ['family', { ...smollm2, model_type: 'gemma3_text' }, /model_type: .*llama, mistral, .*"gemma3_text"/],
    ['family named like a method', { ...smollm2, model_type: 'toString' }, /model_type: .*"toString"/],
    ['activation', { ...smollm2, hidden_act: 'gelu' }, /hidden_act: expected "silu", .*got "gelu"/],
    ['biases', { ...smollm2, attention_bias: true }, /attention_bias: expected false, .*got true/],
    ['biases of the FFN', { ...smollm2, mlp_bias: true }, /mlp_bias: expected false/],
    [
      'part of a head turned',
      { ...smollm2, partial_rotary_factor: 0.5 },
      /partial_rotary_factor: .*got 0\.5/,
    ],
    [
      'scaling',
      { ...qwen25, rope_scaling: yarn },
      /rope_scaling\.rope_type: .*linear and llama3, got "yarn"/,
    ],
    [
      'a setting of the scaling',
      { ...llama32, rope_scaling: { ...llama32.rope_scaling, attention_factor: 2 } },
      /rope_scaling\.attention_factor: .*got 2\n/,
    ],
    ['both spellings', { ...llama32, rope_parameters: {} }, /rope_scaling: .*rope_parameters is not given/],
    ['no factor', { ...llama32, rope_scaling: { type: 'llama3' } }, /rope_scaling\.factor: .*got nothing/],
    [
      'windows of Qwen',
      { ...qwen25, use_sliding_window: true },
      /use_sliding_window: expected false, .*got true/,
    ],
    [
      'windows of Qwen without a width',
      { ...qwen25, use_sliding_window: true, sliding_window: null },
      /use_sliding_window: expected false, .*got true/,
    ],
    [
      'windows that Mistral has where none is given',
      { ...smollm2, model_type: 'mistral' },
      /sliding_window: expected null, .*got nothing, .* 4096 tokens\n.*add "sliding_window": null/,
    ],
    [
      'windows of Mistral 7B 0.1',
      { ...smollm2, model_type: 'mistral', sliding_window: 4096 },
      /sliding_window: .*got 4096/,
    ],
    [
      'windows of a layer',
      { ...qwen3, layer_types: ['sliding_attention'] },
      /layer_types: .*"sliding_attention"/,
    ],
    ['quantisation', { ...smollm2, quantization_config: { bits: 4 } }, /quantization_config: .*\{"bits":4\}/],
    ['anything else', { ...smollm2, logit_scale: 0.5 }, /folder\/config\.json, logit_scale: .*got 0\.5/],
    [
      'missing size',
      { ...smollm2, vocab_size: undefined },
      /vocab_size: expected a whole number.*got nothing/,
    ],
    ['fraction', { ...smollm2, hidden_size: 576.5 }, /hidden_size: expected a whole number.*got 576\.5/],
    [
      'more layers than any model has',
      { ...smollm2, num_hidden_layers: 3_000_000 },
      /num_hidden_layers: expected a whole number, 1 to 1000, got 3000000$/,
    ],
    ['heads that do not divide', { ...smollm2, num_attention_heads: 10 }, /head_dim: .*got 57\.6/],
    [
      'groups that do not divide',
      { ...smollm2, num_key_value_heads: 2 },
      /num_key_value_heads: .*9 attention heads/,
    ],
    ['uneven heads', { ...smollm2, head_dim: 63 }, /head_dim: expected heads of an even size, got 63/],
    ['a list', [], /expected an object of settings, got \[\]/],
  ]
  for (const [name, config, message] of cases) {
    test(name, () => {
      assert.throws(
        () => read(config),
        (error) => {
          assert.ok(error instanceof PalError, String(error))
          assert.match(error.message, message)
          return true
        },
      )
    })
  }
})

test('a Mistral that says null has no window', () => {
  assert.deepEqual(read({ ...smollm2, model_type: 'mistral', sliding_window: null }), read(smollm2))
})

test('a setting of null is not given', () => {
  assert.deepEqual(read({ ...smollm2, quantization_config: null, head_dim: null }), read(smollm2))
})
