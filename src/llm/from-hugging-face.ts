import { PalError } from '../errors.js'
import { Settings } from '../settings.js'
import type { LlamaConfig, RopeScaling } from './config.js'

/** What sets the families apart that share this decoder, by `model_type`. */
const FAMILIES: Readonly<
  Record<string, Pick<LlamaConfig, 'queryKeyValueBias' | 'queryKeyNorm'> & { readonly headSize?: number }>
> = {
  llama: {},
  mistral: {},
  qwen2: { queryKeyValueBias: true },
  qwen3: { queryKeyNorm: true, headSize: 128 },
}

/**
 * The decoder that a `config.json` of Hugging Face Transformers describes, as version 4 (`rope_theta`,
 * `rope_scaling`) or version 5 (`rope_parameters`) writes it. Defaults are those of configuration_llama.py,
 * configuration_mistral.py, configuration_qwen2.py and configuration_qwen3.py; sizes have to be given.
 *
 * @param file for messages
 * @throws PalError naming file, key and value for anything that this decoder does not do, and for every setting
 *   that is neither understood nor known to be without effect on what the model answers
 */
export function fromHuggingFace(json: unknown, file: string): LlamaConfig {
  const settings = new Settings(json, file)
  const type = settings.text('model_type')
  const family = Object.hasOwn(FAMILIES, type) ? FAMILIES[type]! : undefined
  if (!family) throw unknownFamily(type, file)
  const { headSize: familyHeadSize, ...differences } = family

  const hiddenSize = settings.size('hidden_size')
  const heads = settings.size('num_attention_heads')
  const config: LlamaConfig = {
    hiddenSize,
    layers: settings.layers('num_hidden_layers'),
    heads,
    keyValueHeads: settings.size('num_key_value_heads', type === 'llama' ? heads : undefined),
    headSize: settings.size('head_dim', familyHeadSize ?? hiddenSize / heads),
    feedForwardSize: settings.size('intermediate_size'),
    vocabularySize: settings.size('vocab_size'),
    normEpsilon: settings.positive('rms_norm_eps'),
    ...rotation(settings),
    ...differences,
    tieEmbeddings: settings.flag('tie_word_embeddings', false),
  }
  checkHeads(config, file)
  settings.only('hidden_act', 'silu')
  settings.only('attention_bias', false)
  settings.only('mlp_bias', false)
  settings.only('partial_rotary_factor', 1)
  checkWindows(settings, type)
  settings.ignore(WITHOUT_EFFECT)
  settings.finish()
  return config
}

/** Notes about training, files and programs, and how answers are chosen, which is asked for elsewhere. */
const WITHOUT_EFFECT: readonly string[] = [
  ...['architectures', 'auto_map', 'transformers_version', 'transformers.js_config', '_name_or_path'],
  ...['torch_dtype', 'dtype', 'use_cache', 'pretraining_tp', 'initializer_range', 'attention_dropout'],
  ...['_attn_implementation_autoset', 'attn_implementation', 'unsloth_version', 'unsloth_fixed'],
  // A promise about length, which the arithmetic does not look at.
  'max_position_embeddings',
  // Said by the tokenizer's files.
  ...['bos_token_id', 'eos_token_id', 'pad_token_id', 'sep_token_id', 'unk_token_id', 'tokenizer_class'],
  // SmolLM2 carries these along; Transformers does not read them for a Llama.
  ...['is_llama_config', 'rope_interleaved'],
  // What Transformers writes for every model there is.
  ...['return_dict', 'output_hidden_states', 'output_attentions', 'torchscript', 'use_bfloat16'],
  ...['tf_legacy_loss', 'pruned_heads', 'chunk_size_feed_forward', 'is_decoder', 'is_encoder_decoder'],
  ...['add_cross_attention', 'cross_attention_hidden_size', 'tie_encoder_decoder', 'finetuning_task'],
  ...['id2label', 'label2id', 'problem_type', 'prefix', 'task_specific_params', 'decoder_start_token_id'],
  // Generation, before it had a file of its own.
  ...['max_length', 'min_length', 'do_sample', 'early_stopping', 'num_beams', 'num_beam_groups'],
  ...['diversity_penalty', 'temperature', 'top_k', 'top_p', 'typical_p', 'repetition_penalty'],
  ...['length_penalty', 'no_repeat_ngram_size', 'encoder_no_repeat_ngram_size', 'bad_words_ids'],
  ...['num_return_sequences', 'output_scores', 'return_dict_in_generate', 'forced_bos_token_id'],
  ...['forced_eos_token_id', 'remove_invalid_values', 'exponential_decay_length_penalty'],
  ...['suppress_tokens', 'begin_suppress_tokens'],
]

function rotation(settings: Settings): Pick<LlamaConfig, 'ropeTheta' | 'ropeScaling'> {
  const [old, current] = [settings.section('rope_scaling'), settings.section('rope_parameters')]
  if (old && current) throw old.mistake('expected it only where rope_parameters is not given')
  const theta = settings.positive('rope_theta', 10000)
  const rope = current ?? old
  if (!rope) return { ropeTheta: theta }
  const ropeTheta = rope.positive('rope_theta', theta)
  const scaling = scalingOf(rope)
  rope.only('partial_rotary_factor', 1)
  rope.finish()
  return { ropeTheta, ...(scaling && { ropeScaling: scaling }) }
}

/** `type` is the older name of `rope_type`. */
function scalingOf(rope: Settings): RopeScaling | undefined {
  const older = rope.text('type', 'default')
  const kind = rope.text('rope_type', older)
  switch (kind) {
    case 'default':
      return undefined
    case 'linear':
      return { kind, factor: rope.positive('factor') }
    case 'llama3':
      return {
        kind,
        factor: rope.positive('factor'),
        lowFrequencyFactor: rope.positive('low_freq_factor'),
        highFrequencyFactor: rope.positive('high_freq_factor'),
        originalPositions: rope.size('original_max_position_embeddings'),
      }
    default:
      throw rope.mistake(
        `expected one of default, linear and llama3, got ${JSON.stringify(kind)}`,
        'rope_type',
      )
  }
}

/** Layers that see only the last so many tokens are written about in many files and in use in few. */
function checkWindows(settings: Settings, type: string): void {
  settings.only('use_sliding_window', false)
  if (type === 'mistral' && !settings.mentions('sliding_window')) {
    throw settings.mistake(
      'expected null, which is no window, got nothing, which Transformers takes for one of 4096 tokens',
      'sliding_window',
      'If the model was trained without a window, add "sliding_window": null.',
    )
  }
  // Qwen gives the width in any case; what counts there is whether it is used.
  if (!type.startsWith('qwen')) settings.only('sliding_window', null)
  settings.ignore(['sliding_window', 'max_window_layers'])
  for (const kind of settings.texts('layer_types')) {
    if (kind === 'full_attention') continue
    throw settings.mistake(`expected full_attention in every layer, got "${kind}"`, 'layer_types')
  }
}

function checkHeads({ heads, keyValueHeads, headSize }: LlamaConfig, file: string): void {
  if (heads % keyValueHeads !== 0) {
    throw new PalError(`expected a divisor of the ${heads} attention heads, got ${keyValueHeads}`, {
      file,
      key: 'num_key_value_heads',
    })
  }
  if (Number.isInteger(headSize) && headSize % 2 === 0) return
  throw new PalError(`expected heads of an even size, got ${headSize}`, { file, key: 'head_dim' })
}

function unknownFamily(type: string, file: string): PalError {
  return new PalError(
    `expected a language model that this decoder can be (${Object.keys(FAMILIES).join(', ')}), got "${type}"`,
    { file, key: 'model_type' },
  )
}
