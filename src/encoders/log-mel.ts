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

/** In plain loops and in place: a matrix has hundreds of columns, and is made whenever a model is opened. */
function kaldiColumn(column: Float64Array): Float64Array {
  transposePreEmphasis(column)
  removeMean(column)
  return column
}

/** The transpose of y[n] = x[n] − 0.97·x[n−1], where y[0] = x[0] − 0.97·x[0]. */
function transposePreEmphasis(column: Float64Array): void {
  column[0]! *= 1 - PRE_EMPHASIS
  for (let n = 0; n < column.length - 1; n++) column[n]! -= PRE_EMPHASIS * column[n + 1]!
}

/** The transpose of x − mean(x), which is itself. */
function removeMean(column: Float64Array): void {
  let sum = 0
  for (let n = 0; n < column.length; n++) sum += column[n]!
  const average = sum / column.length
  for (let n = 0; n < column.length; n++) column[n]! -= average
}
