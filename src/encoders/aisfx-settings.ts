import type { AisfxConfig } from './aisfx.js'
import type { ReadFamily } from './from-hugging-face.js'

/**
 * aiSFX has no layout of its own for its settings: reference/aisfx_weights.py writes them, in the words of Hugging Face's
 * feature extractors.
 */
export const readAisfx: ReadFamily = (settings, preprocessor) => {
  if (!preprocessor) throw settings.mistake('expected preprocessor_config.json beside it, got none')
  const channels = settings.sizes('channels', [64, 128, 256, 512])
  const config: AisfxConfig = {
    kind: 'aisfx',
    sampleRate: preprocessor.size('sampling_rate'),
    windowSize: preprocessor.size('win_length'),
    hopSize: preprocessor.size('hop_length'),
    fftSize: preprocessor.size('n_fft'),
    melBins: preprocessor.size('feature_size'),
    lowestFrequency: preprocessor.number('frequency_min', 0),
    highestFrequency: preprocessor.positive('frequency_max', 22050),
    largest: preprocessor.positive('largest', LARGEST),
    channels,
    hiddenSize: channels.at(-1) as number,
    windowSeconds: preprocessor.positive('chunk_length', 10),
  }
  return { config, prefixes: ['embedding_net.'], rename: withoutCounts }
}

/** Of all spectrograms that aiSFX was trained on: `spectrogram_normalize`. */
const LARGEST = 9.457798957824707

function withoutCounts(name: string): string | undefined {
  return name.endsWith('.num_batches_tracked') ? undefined : name
}
