import { add, clampMin, log, mul } from '../graph/elementwise.js'
import { padAxis, reshape } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'
import { unfold } from '../nn/unfold.js'
import { type MelConfig, melEnergies } from './mel-energies.js'

export interface LogMelConfig extends MelConfig {
  /** Features are (log-mel − mean) / deviation. */
  readonly mean: number
  readonly deviation: number
}

/**
 * The log-mel spectrogram as part of the graph: framing, Kaldi's removal of the frame's mean and pre-emphasis, the energies
 * of mel bands, and the natural logarithm. Frame i covers samples i·hop … i·hop + window; what lies behind the
 * end counts as silence.
 *
 * @param waveform [batch, samples], a whole number of hops
 * @param floor below which a band's energy counts as this much
 * @returns [batch, samples/hop, melBins]
 */
export function logMel(waveform: Tensor, config: LogMelConfig, floor = FLOOR): Tensor {
  const { windowSize, hopSize } = config
  const [batch, samples] = waveform.shape.map(fixed) as [number, number]
  const padded = padAxis(waveform, 1, 0, windowSize - hopSize)
  const frames = unfold(reshape(padded, [batch, samples + windowSize - hopSize, 1]), windowSize, hopSize)
  const mel = melEnergies(frames, config, { column: kaldiColumn })
  const logarithm = log(clampMin(mel, floor))
  return mul(add(logarithm, -config.mean), 1 / config.deviation)
}

/** The feature of a frame without sound. */
export function silentFeature({ mean, deviation }: LogMelConfig): number {
  return (Math.log(FLOOR) - mean) / deviation
}

/** Below this a band counts as silent: about −100 dB of a full-scale sine. */
const FLOOR = 1e-6
const PRE_EMPHASIS = 0.97

function kaldiColumn(windowed: Float64Array): Float64Array {
  return removeMean(transposedPreEmphasis(windowed))
}

/** The transpose of y[n] = x[n] − 0.97·x[n−1], where y[0] = x[0] − 0.97·x[0]. */
function transposedPreEmphasis(column: Float64Array): Float64Array {
  return column.map((value, n) => {
    const own = n === 0 ? value * (1 - PRE_EMPHASIS) : value
    return own - PRE_EMPHASIS * (column[n + 1] ?? 0)
  })
}

/** The transpose of x − mean(x), which is itself. */
function removeMean(column: Float64Array): Float64Array {
  const average = column.reduce((sum, value) => sum + value, 0) / column.length
  return column.map((value) => value - average)
}
