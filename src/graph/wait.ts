import { greater, toIndices } from './elementwise.js'
import { reshape } from './shape.js'
import { apply, type Operation, type Shape, type Tensor } from './tensor.js'

/** What makes others wait for `a`: a 0 [1] (int64) that is not known before. No number is above infinity, nor is NaN. */
export function zeroAfter(a: Tensor): Tensor {
  return toIndices(greater(first(a), a.graph.scalar(Number.POSITIVE_INFINITY)))
}

/** Its first element, whatever its lengths are: [1]. */
function first(a: Tensor): Tensor {
  const { graph, shape } = a
  const each = (value: number) => graph.integers(shape.map(() => value))
  const axes = graph.integers(shape.map((_, axis) => axis))
  const corner = apply(
    CORNER,
    [a, each(0), each(1), axes],
    shape.map(() => 1),
  )
  return reshape(corner, [1])
}

const CORNER: Operation = { type: 'Slice' }

/**
 * The same elements in the same memory, but not before a zero is known: it says where an axis of length 1 comes in, which goes
 * again. The runtime cannot tell that nothing changes.
 * @param shape of the result
 */
export function waiting(a: Tensor, zero: Tensor, shape: Shape = a.shape): Tensor {
  return reshape(apply(UNSQUEEZE, [a, zero], [1, ...a.shape]), shape)
}

const UNSQUEEZE: Operation = { type: 'Unsqueeze' }
