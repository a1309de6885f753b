import { neg } from './elementwise.js'
import { apply, type Operation, shapeError, type Tensor } from './tensor.js'

/**
 * Rotary position embedding (Su et al. 2021) in the half-split form of the Llama family: dimension i is
 * rotated with dimension i + headSize/2.
 * states [batch, time, heads·headSize], positions [batch, time] (int64), tables [maximum, headSize/2].
 */
export function rotary(states: Tensor, positions: Tensor, cosine: Tensor, sine: Tensor): Tensor {
  const half = cosine.shape[1]
  const heads = Number(states.shape[2]) / (2 * Number(half))
  if (states.shape.length !== 3 || !Number.isInteger(heads) || sine.shape[1] !== half) {
    throw shapeError(
      'rotary',
      'states [batch, time, heads·headSize] and tables [maximum, headSize/2]',
      states,
      cosine,
      sine,
    )
  }
  return apply(ROTARY, [states, positions, cosine, sine], states.shape)
}

/** A rotation's transpose is the rotation the other way: its own backward with the sine negated. */
const ROTARY: Operation = {
  type: 'RotaryEmbedding',
  domain: 'com.microsoft',
  gradient: ({ inputs: [, positions, cosine, sine] }, [g]) => [
    rotary(g!, positions!, cosine!, neg(sine!)),
    undefined,
    undefined,
    undefined,
  ],
}
