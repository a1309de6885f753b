import { add, floor, mul } from '../graph/elementwise.js'
import { reshape } from '../graph/shape.js'
import type { Tensor } from '../graph/tensor.js'
import { before, fillWithSilence } from './fixed-window.js'
import { logMel } from './log-mel.js'

/** The front end that AST and EAT share: Kaldi's log-mel spectrogram, 25 ms every 10 ms, filled up to a window. */
export interface KaldiConfig {
  readonly sampleRate: 16000
  /** Samples from one frame to the next. */
  readonly hopSize: 160
  readonly melBins: number
  /** Frames of a window. */
  readonly frames: number
  /** Features are (log-mel − mean) / deviation; both papers divide by twice the standard deviation. */
  readonly mean: number
  readonly deviation: number
}

/**
 * Frames that lie within the audio as a whole; then the window is filled up with log-mels of 0, which is neither
 * silence nor the mean, but what these models have learnt to hear behind the end.
 * Source: `ASTFeatureExtractor` in transformers, feature_extract.py of EAT and SSLAM, torchaudio.compliance.kaldi.
 *
 * @param lengths [batch, 1], samples of each audio
 * @returns [batch, frames, melBins]
 */
export function kaldiFeatures(waveform: Tensor, lengths: Tensor, config: KaldiConfig): Tensor {
  const { sampleRate, hopSize, melBins, frames, mean, deviation } = config
  const window = fillWithSilence(waveform, frames * hopSize)
  const spectrogram = logMel(
    window,
    {
      ...{ sampleRate, hopSize, melBins, mean, deviation },
      ...{ windowSize: WINDOW, fftSize: 512, lowestFrequency: 20, highestFrequency: sampleRate / 2 },
    },
    FLOAT32_EPSILON,
  )
  const count = floor(add(mul(add(lengths, -WINDOW), 1 / hopSize), 1 + ROUNDING))
  const heard = reshape(before(count, frames), [lengths.shape[0]!, frames, 1])
  const filling = -mean / deviation
  return add(mul(add(spectrogram, -filling), heard), filling)
}

const WINDOW = 400
/** Kaldi's floor of energies. */
const FLOAT32_EPSILON = 2 ** -23
/** Less than a sample's share of a hop: a whole number of hops must not be one less for its rounding. */
const ROUNDING = 1e-3
