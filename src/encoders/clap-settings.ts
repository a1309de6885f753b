import type { Settings } from '../settings.js'
import type { ClapConfig } from './clap.js'
import type { ClapFeatureConfig } from './clap-features.js'
import type { ReadFamily } from './from-hugging-face.js'

/** Source: configuration_clap.py and feature_extraction_clap.py. */
export const readClap: ReadFamily = (whole, preprocessor) => {
  if (!preprocessor) throw whole.mistake('expected preprocessor_config.json beside it, got none')
  const section = whole.section('audio_config')
  const audio = section ?? whole
  whole.ignore(['text_config', 'logit_scale_init_value', 'projection_dim', 'projection_hidden_act'])
  if (section) whole.ignore(['hidden_size', 'num_hidden_layers'])

  const melBins = audio.size('num_mel_bins', 64)
  const imageSize = audio.size('spec_size', 256)
  const patchSize = audio.size('patch_size', 4)
  const patchWidth = audio.size('patch_embeds_hidden_size', 96)
  const depths = audio.depths('depths', [2, 2, 6, 2])
  const heads = audio.sizes('num_attention_heads', [4, 8, 16, 32])
  const strides = audio.sizes('patch_stride', [patchSize, patchSize])
  if (strides.some((stride) => stride !== patchSize)) {
    throw audio.mistake(
      `expected strides of ${patchSize}, the size of a patch, got ${strides}`,
      'patch_stride',
    )
  }
  if (heads.length !== depths.length) {
    throw audio.mistake(
      `expected one for each of ${depths.length} stages, got ${heads.length}`,
      'num_attention_heads',
    )
  }
  if (imageSize % melBins !== 0) {
    throw audio.mistake(`expected a multiple of ${melBins} mel bins, got ${imageSize}`, 'spec_size')
  }
  const hiddenSize = patchWidth * 2 ** (depths.length - 1)
  audio.only('hidden_size', hiddenSize)
  const fusion = audio.flag('enable_fusion', false)
  if (!fusion) audio.ignore(['fusion_type'])
  else audio.only('fusion_type', 'aff_2d')
  audio.only('hidden_act', 'gelu')
  audio.only('enable_patch_layer_norm', true)
  audio.only('flatten_patch_embeds', true)
  audio.only('patch_embed_input_channels', 1)
  const config: ClapConfig = {
    kind: 'clap',
    ...frontEnd(preprocessor, melBins, fusion),
    ...{ imageSize, patchSize, patchWidth, depths, heads, hiddenSize, fusion },
    attentionWindow: audio.size('window_size', 8),
    feedForwardRatio: audio.positive('mlp_ratio', 4),
    normEpsilon: audio.positive('layer_norm_eps', 1e-5),
    queryKeyValueBias: audio.flag('qkv_bias', true),
    fusionReduction: audio.size('aff_block_r', 4),
  }
  audio.ignore(WITHOUT_EFFECT)
  if (section) section.finish()
  return { config, prefixes: ['audio_model.audio_encoder.', 'audio_encoder.'], rename: ours }
}

function frontEnd(preprocessor: Settings, melBins: number, fusion: boolean): ClapFeatureConfig {
  preprocessor.only('feature_size', melBins)
  preprocessor.only('padding_value', 0)
  preprocessor.only('top_db', null)
  preprocessor.only('truncation', fusion ? 'fusion' : 'rand_trunc')
  preprocessor.ignore(['nb_max_samples', 'nb_frequency_bins', 'max_length'])
  const padding = preprocessor.text('padding', 'repeatpad')
  if (padding !== 'repeatpad' && padding !== 'pad') {
    throw preprocessor.mistake(`expected "repeatpad" or "pad", got "${padding}"`, 'padding')
  }
  return {
    ...{ melBins, padding, melScale: fusion ? 'htk' : 'slaney' },
    sampleRate: preprocessor.size('sampling_rate', 48000),
    windowSeconds: preprocessor.size('max_length_s', 10),
    hopSize: preprocessor.size('hop_length', 480),
    fftSize: preprocessor.size('fft_window_size', 1024),
    lowestFrequency: preprocessor.number('frequency_min', 0),
    highestFrequency: preprocessor.positive('frequency_max', 14000),
  }
}

const WITHOUT_EFFECT: readonly string[] = [
  ...['model_type', 'num_classes', 'projection_dim', 'projection_hidden_act', 'hidden_dropout_prob'],
  ...['drop_path_rate', 'attention_probs_dropout_prob', 'num_hidden_layers', 'initializer_factor', 'dropout'],
  ...[
    'torch_dtype',
    'dtype',
    'chunk_size_feed_forward',
    'output_attentions',
    'output_hidden_states',
    'return_dict',
  ],
]

/** Tables that are computed, and a counter of training. */
function ours(name: string): string | undefined {
  return /\.(relative_position_index|num_batches_tracked)$/.test(name) ? undefined : name
}
