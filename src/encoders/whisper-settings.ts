import type { ReadFamily } from './from-hugging-face.js'
import type { WhisperConfig } from './whisper.js'

/** Source: configuration_whisper.py and feature_extraction_whisper.py; sizes have to be given. */
export const readWhisper: ReadFamily = (settings, preprocessor) => {
  const melBins = settings.size('num_mel_bins')
  const positions = settings.size('max_source_positions')
  settings.only('activation_function', 'gelu')
  settings.only('scale_embedding', false)
  const config: WhisperConfig = {
    kind: 'whisper',
    ...{ sampleRate: 16000, hopSize: 160, melBins },
    hiddenSize: settings.size('d_model'),
    layers: settings.layers('encoder_layers'),
    heads: settings.size('encoder_attention_heads'),
    feedForwardSize: settings.size('encoder_ffn_dim'),
    windowSeconds: preprocessor?.positive('chunk_length', 30) ?? 30,
  }
  if (config.windowSeconds * 50 !== positions) {
    throw settings.mistake(
      `expected ${config.windowSeconds * 50}, one for each 20 ms of a window, got ${positions}`,
      'max_source_positions',
    )
  }
  preprocessor?.only('feature_size', melBins)
  preprocessor?.only('sampling_rate', config.sampleRate)
  preprocessor?.only('hop_length', config.hopSize)
  preprocessor?.only('n_fft', 400)
  preprocessor?.only('padding_value', 0)
  preprocessor?.only('dither', 0)
  preprocessor?.only('do_normalize', false)
  preprocessor?.ignore(['nb_max_frames', 'n_samples', 'mel_filters'])
  settings.ignore(DECODER_AND_TRAINING)
  return { config, prefixes: ['model.encoder.', 'encoder.'] }
}

const DECODER_AND_TRAINING: readonly string[] = [
  ...['vocab_size', 'decoder_layers', 'decoder_attention_heads', 'decoder_ffn_dim', 'decoder_layerdrop'],
  ...['decoder_start_token_id', 'max_target_positions', 'pad_token_id', 'bos_token_id', 'eos_token_id'],
  ...['suppress_tokens', 'begin_suppress_tokens', 'forced_decoder_ids', 'max_length', 'num_hidden_layers'],
  ...['dropout', 'attention_dropout', 'activation_dropout', 'encoder_layerdrop', 'init_std'],
  ...['use_weighted_layer_sum', 'classifier_proj_size', 'apply_spec_augment', 'median_filter_width'],
  ...[
    'mask_time_prob',
    'mask_time_length',
    'mask_time_min_masks',
    'mask_feature_prob',
    'mask_feature_length',
  ],
  ...['mask_feature_min_masks', 'tie_word_embeddings', 'alignment_heads', 'lang_ids', 'task_ids'],
]
