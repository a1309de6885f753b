import { broadcastTo, reshape } from './shape.js'
import { apply, elementCount, type Operation, type Shape, type Tensor } from './tensor.js'

/** Rows of a table by their index: table [rows, ...], indices [...] (int64) → [...indices, ...]. */
export function gather(table: Tensor, indices: Tensor): Tensor {
  return apply(GATHER, [table, indices], [...indices.shape, ...table.shape.slice(1)], {
    attributes: { axis: 0 },
  })
}

const GATHER: Operation = {
  type: 'Gather',
  gradient: ({ inputs: [table, indices] }, [g]) => [scatterRows(g!, indices!, table!.shape), undefined],
}

/**
 * Adds each row to the row of a table of zeros that its index names; the gradient of `gather`. Not by ScatterND:
 * ONNX Runtime's threads lose sums there when an index comes twice.
 */
function scatterRows(rows: Tensor, indices: Tensor, shape: Shape): Tensor {
  const [count, width] = [elementCount(indices.shape), elementCount(shape.slice(1))]
  const flat = [count, width]
  const zeros = broadcastTo(rows.graph.constant(new Float32Array(1), [1, 1]), [
    elementCount(shape) / width,
    width,
  ])
  const places = broadcastTo(reshape(indices, [count, 1]), flat)
  const summed = apply(SCATTER_ADD, [zeros, places, reshape(rows, flat)], zeros.shape, {
    attributes: { axis: 0, reduction: 'add' },
  })
  return reshape(summed, shape)
}

const SCATTER_ADD: Operation = { type: 'ScatterElements' }
