import { mul } from './elementwise.js'
import { gather } from './gather.js'
import { apply, type Operation, shapeError, type Tensor } from './tensor.js'

/** Which rows of a table [rows, width] are picked, and where each of them went. */
export interface Pick {
  /** [picked] (int64) */
  readonly from: Tensor
  /** For each row, the place among those picked that it has, or any where it is not picked: [rows] (int64). */
  readonly to: Tensor
  /** 1 for rows that are picked and 0 for others: [rows, 1]. @default every row is */
  readonly picked?: Tensor
}

/**
 * Rows by their index, as `gather`, where the way back is known, so that the gradient is picked as well: sums into rows, which
 * `gather` needs, are far slower. Of a row that is picked again at other places than `to` says, nothing may be read there that
 * reaches the loss.
 * @returns [picked, width]
 */
export function pick(table: Tensor, { from, to, picked }: Pick): Tensor {
  if (table.shape.length !== 2 || table.shape[0] !== to.shape[0]) {
    throw shapeError('pick', 'a table [rows, width] and places [rows]', table, to)
  }
  const operation: Operation = {
    type: 'Gather',
    gradient: (_, [g]) => {
      const back = gather(g!, to)
      return [picked ? mul(back, picked) : back, undefined]
    },
  }
  return apply(operation, [table, from], [from.shape[0]!, table.shape[1]!], { attributes: { axis: 0 } })
}
