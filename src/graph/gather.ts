import { broadcastTo, reshape } from './shape.js'
import { apply, type Operation, type Shape, type Tensor } from './tensor.js'

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

/** Adds each row to the row of a table of zeros that its index names; the gradient of `gather`. */
function scatterRows(rows: Tensor, indices: Tensor, shape: Shape): Tensor {
  const zeros = broadcastTo(
    rows.graph.constant(
      new Float32Array(1),
      shape.map(() => 1),
    ),
    shape,
  )
  const positions = reshape(indices, [...indices.shape, 1])
  return apply(SCATTER_ADD, [zeros, positions, rows], shape, { attributes: { reduction: 'add' } })
}

const SCATTER_ADD: Operation = {
  type: 'ScatterND',
  gradient: ({ inputs: [, positions] }, [g]) => [
    g,
    undefined,
    gather(g!, reshape(positions!, positions!.shape.slice(0, -1))),
  ],
}
