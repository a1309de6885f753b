import { PalError } from '../errors.js'
import { add, mul } from '../graph/elementwise.js'
import { broadcastTo, concat, slice } from '../graph/shape.js'
import { fixed, type Tensor } from '../graph/tensor.js'

/** A batch of audios, padded to one length, and what is known of each beside its samples. */
export interface EncoderInputs {
  /** [batch, samples]; what follows the end of an audio is silent. */
  readonly waveform: Tensor
  /**
   * Samples of each audio, [batch, 1], float32: where it ends. What `ast`, `eat` and `clap` hear behind the end depends on
   * it, and so does what a patch transformer with mean normalization takes the mean over.
   */
  readonly lengths?: Tensor | undefined
  /**
   * [batch, 1, 1, 1, tokens], added to attention scores: hides tokens that are padding. Encoders of fixed windows were
   * trained to hear what follows the end, and hide nothing.
   */
  readonly mask?: Tensor | undefined
  /** What SpecAugment hides of the spectrogram. */
  readonly hidden?: FeatureMask | undefined
}

/** What SpecAugment hides: 1 keeps, 0 hides. */
export interface FeatureMask {
  /** [batch, frames, 1] */
  readonly frames: Tensor
  /** [batch, 1, melBins] */
  readonly bins: Tensor
}

/** Where each audio ends. @throws PalError if nobody says */
export function expectLengths(kind: string, { lengths }: EncoderInputs): Tensor {
  if (lengths) return lengths
  throw new PalError(
    `expected the length of each audio, which an encoder of kind "${kind}" has to know, got none`,
    { key: 'lengths' },
  )
}

/**
 * Hides stretches of a spectrogram [batch, frames, bins], which may be longer than what is said of it.
 * @param by what stands where something is hidden
 */
export function hide(spectrogram: Tensor, inputs: Pick<EncoderInputs, 'hidden'>, by = 0): Tensor {
  const { hidden } = inputs
  if (!hidden) return spectrogram
  if (by !== 0) return add(hide(add(spectrogram, -by), inputs), by)
  const [batch, frames] = spectrogram.shape.map(fixed) as [number, number]
  const known = fixed(hidden.frames.shape[1])
  if (known >= frames) return mul(mul(spectrogram, slice(hidden.frames, 1, 0, frames)), hidden.bins)
  const one = spectrogram.graph.constant(new Float32Array([1]), [1, 1, 1])
  const seen = concat([hidden.frames, broadcastTo(one, [batch, frames - known, 1])], 1)
  return mul(mul(spectrogram, seen), hidden.bins)
}
