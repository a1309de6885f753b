import type { AstConfig } from './ast.js'
import type { ReadFamily } from './from-hugging-face.js'

/** Source: configuration_audio_spectrogram_transformer.py and its feature extractor; sizes have to be given. */
export const readAst: ReadFamily = (settings, preprocessor) => {
  if (!preprocessor) throw settings.mistake('expected preprocessor_config.json beside it, got none')
  const frames = settings.size('max_length')
  const melBins = settings.size('num_mel_bins')
  preprocessor.only('max_length', frames)
  preprocessor.only('num_mel_bins', melBins)
  preprocessor.only('sampling_rate', 16000)
  preprocessor.only('do_normalize', true)
  preprocessor.only('feature_size', 1)
  preprocessor.only('padding_value', 0)
  settings.only('hidden_act', 'gelu')
  const config: AstConfig = {
    kind: 'ast',
    ...{ sampleRate: 16000, hopSize: 160, melBins, frames },
    mean: preprocessor.number('mean', -4.2677393),
    deviation: 2 * preprocessor.positive('std', 4.5689974),
    patchSize: settings.size('patch_size', 16),
    frameStride: settings.size('time_stride', 10),
    binStride: settings.size('frequency_stride', 10),
    hiddenSize: settings.size('hidden_size'),
    layers: settings.layers('num_hidden_layers'),
    heads: settings.size('num_attention_heads'),
    feedForwardSize: settings.size('intermediate_size'),
    normEpsilon: settings.positive('layer_norm_eps', 1e-12),
    queryKeyValueBias: settings.flag('qkv_bias', true),
    windowSeconds: frames / 100,
  }
  settings.ignore(['hidden_dropout_prob', 'attention_probs_dropout_prob'])
  return { config, prefixes: ['audio_spectrogram_transformer.', ''], rename: published }
}

/** Transformers 5 has shorter names in memory, some write them; the head of a classifier is left out. */
function published(name: string): string | undefined {
  if (name.startsWith('classifier.')) return undefined
  return name
    .replace(/^layers\.(\d+)\./, 'encoder.layer.$1.')
    .replace(
      /\.attention\.([qkv])_proj\./,
      (_, role: 'q' | 'k' | 'v') => `.attention.attention.${ROLES[role]}.`,
    )
    .replace('.attention.o_proj.', '.attention.output.dense.')
    .replace('.mlp.fc1.', '.intermediate.dense.')
    .replace('.mlp.fc2.', '.output.dense.')
}

const ROLES = { q: 'query', k: 'key', v: 'value' } as const
