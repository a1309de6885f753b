import type { ReadFamily } from './from-hugging-face.js'
import { YAMNET_SHRINKS, type YamnetConfig } from './yamnet.js'

/**
 * YAMNet has no layout of its own for its settings: reference/yamnet_weights.py writes them, in the words of Hugging Face's
 * feature extractors.
 */
export const readYamnet: ReadFamily = (settings, preprocessor) => {
  if (!preprocessor) throw settings.mistake('expected preprocessor_config.json beside it, got none')
  const channels = settings.sizes('channels', CHANNELS)
  if (channels.length !== CHANNELS.length) {
    throw settings.mistake(`expected ${CHANNELS.length} of them, got ${channels.length}`, 'channels')
  }
  const melBins = preprocessor.size('feature_size')
  if (melBins % YAMNET_SHRINKS !== 0) {
    throw preprocessor.mistake(`expected a multiple of ${YAMNET_SHRINKS}, got ${melBins}`, 'feature_size')
  }
  const labels = settings.mentions('labels') ? settings.texts('labels') : undefined
  if (labels?.length === 0) throw settings.mistake('expected at least one, got none', 'labels')
  const config: YamnetConfig = {
    kind: 'yamnet',
    sampleRate: preprocessor.size('sampling_rate'),
    windowSize: preprocessor.size('win_length'),
    hopSize: preprocessor.size('hop_length'),
    fftSize: preprocessor.size('n_fft'),
    melBins,
    lowestFrequency: preprocessor.number('frequency_min', 125),
    highestFrequency: preprocessor.positive('frequency_max', 7500),
    channels,
    ...(labels && { labels }),
    hiddenSize: labels ? labels.length : (channels.at(-1) as number),
    windowSeconds: preprocessor.positive('chunk_length', 10),
  }
  return { config, prefixes: [] }
}

const CHANNELS: readonly number[] = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
