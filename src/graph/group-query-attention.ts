import { type Dim, type Operation, shapeError, type Tensor } from './tensor.js'

/** What goes into attention that continues a cache. Its gradient is not known: it is for answering. */
export interface GroupQueryInputs {
  /** [batch, time, heads·headSize] */
  readonly queries: Tensor
  /** Of the same tokens: [batch, time, keyValueHeads·headSize]. */
  readonly keys: Tensor
  readonly values: Tensor
  /** Rows that earlier tokens left, with room for the new ones behind them: [batch, keyValueHeads, capacity, headSize]. */
  readonly pastKeys: Tensor
  readonly pastValues: Tensor
  /** The place of each sequence's last row when the new ones are there: [batch] (int32). */
  readonly lastRow: Tensor
  /** The rows of the longest sequence then: [] (int32). More than one token at a time is for a batch of 1. */
  readonly totalRows: Tensor
}

/** The past with the new rows: [batch, keyValueHeads, capacity, headSize] each. */
export interface Present {
  readonly keys: Tensor
  readonly values: Tensor
}

/**
 * Causal attention of new tokens over a cache and themselves: softmax(Q·[K_past ; K]ᵀ/√headSize)·[V_past ; V], with grouped queries
 * (Ainslie et al. 2023). Where `present` is written over the past, nothing of the cache is copied: only the new rows are written.
 *
 * @param scoredSize what scores are divided by the root of. @default the size of a head
 * @returns mixed: [batch, time, heads·headSize]
 */
export function groupQueryAttention(
  inputs: GroupQueryInputs,
  scoredSize?: number,
): { readonly mixed: Tensor; readonly present: Present } {
  const { queries, keys, values, pastKeys, pastValues, lastRow, totalRows } = inputs
  const [batch, time, width] = queries.shape as readonly [Dim, Dim, number]
  const [, keyValueHeads, , headSize] = pastKeys.shape as readonly [Dim, number, Dim, number]
  const heads = width / headSize
  const rows = [batch, time, keyValueHeads * headSize].join()
  const fits =
    [keys, values].every(({ shape }) => shape.join() === rows) &&
    pastKeys.shape.join() === pastValues.shape.join() &&
    Number.isInteger(heads / keyValueHeads)
  if (!fits) {
    throw shapeError(
      'groupQueryAttention',
      'queries [batch, time, heads·headSize], keys and values [batch, time, keyValueHeads·headSize] and their past [batch, keyValueHeads, capacity, headSize]',
      ...[queries, keys, values, pastKeys, pastValues],
    )
  }
  const past = { shape: pastKeys.shape, dtype: queries.dtype }
  const [mixed, presentKeys, presentValues] = queries.graph.append(
    GROUP_QUERY_ATTENTION,
    [queries, keys, values, pastKeys, pastValues, lastRow, totalRows],
    [{ shape: queries.shape, dtype: queries.dtype }, past, past],
    {
      num_heads: heads,
      kv_num_heads: keyValueHeads,
      scale: { float: 1 / Math.sqrt(scoredSize ?? headSize) },
    },
  ) as [Tensor, Tensor, Tensor]
  return { mixed, present: { keys: presentKeys, values: presentValues } }
}

const GROUP_QUERY_ATTENTION: Operation = { type: 'GroupQueryAttention', domain: 'com.microsoft' }
