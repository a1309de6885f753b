import type { EatConfig } from './eat.js'
import type { ReadFamily } from './from-hugging-face.js'

/**
 * Source: configuration_eat.py beside the published checkpoints of EAT and SSLAM. They have no preprocessor_config.json:
 * the front end is that of feature_extract.py in both repositories.
 */
export const readEat: ReadFamily = (settings, preprocessor) => {
  if (preprocessor) throw settings.mistake('expected no preprocessor_config.json beside it, got one')
  const hiddenSize = settings.size('embed_dim', 768)
  const melBins = settings.size('mel_bins', 128)
  const [frames, bins] = settings.sizes('img_size', [1024, 128])
  if (frames === undefined || bins !== melBins) {
    throw settings.mistake(`expected frames and ${melBins} mel bins, got ${frames}, ${bins}`, 'img_size')
  }
  const patchSize = settings.size('patch_size', 16)
  settings.only('stride', patchSize)
  settings.only('in_chans', 1)
  settings.only('layer_norm_first', false)
  settings.only('norm_affine', true)
  settings.only('fixed_positions', true)
  const config: EatConfig = {
    kind: 'eat',
    ...{ sampleRate: 16000, hopSize: 160, melBins, frames, patchSize, hiddenSize },
    ...{ mean: -4.268, deviation: 2 * 4.569 },
    layers: settings.layers('depth', 12),
    heads: settings.size('num_heads', 12),
    feedForwardSize: Math.floor(hiddenSize * settings.positive('mlp_ratio', 4)),
    normEpsilon: settings.positive('norm_eps', 1e-6),
    queryKeyValueBias: settings.flag('qkv_bias', true),
    windowSeconds: frames / 100,
  }
  settings.ignore(WITHOUT_EFFECT)
  return { config, prefixes: ['model.', ''], rename: ours }
}

/** How it was trained, the longest audio that it has positions for, and the head of a classifier. */
const WITHOUT_EFFECT: readonly string[] = [
  ...['drop_rate', 'attn_drop_rate', 'activation_dropout', 'post_mlp_drop', 'start_drop_path_rate'],
  ...['end_drop_path_rate', 'max_length', 'num_classes', 'model_variant'],
]

/** Positions are computed; the head of a classifier is left out. */
function ours(name: string): string | undefined {
  return /^(fixed_positional_encoder|fc_norm|head)\./.test(name) ? undefined : name
}
