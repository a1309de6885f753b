import { type GroupQueryInputs, groupQueryAttention, type Present } from '../graph/group-query-attention.js'
import { padAxis, reshape, slice } from '../graph/shape.js'
import type { Dim, Tensor } from '../graph/tensor.js'

/** The numbers that a head's key or value takes in a cache: the operation reads eight at a time. Zeros follow those of the head. */
export function cachedHeadSize(headSize: number): number {
  return Math.ceil(headSize / 8) * 8
}

/**
 * `groupQueryAttention` for heads of any size.
 * @param inputs.pastKeys [batch, keyValueHeads, capacity, `cachedHeadSize`], as `pastValues`
 * @param headSize that of the queries, keys and values
 */
export function cachedAttention(
  inputs: GroupQueryInputs,
  headSize: number,
): { readonly mixed: Tensor; readonly present: Present } {
  const cached = cachedHeadSize(headSize)
  if (cached === headSize) return groupQueryAttention(inputs, headSize)
  const [queries, keys, values] = [inputs.queries, inputs.keys, inputs.values].map((states) =>
    resizeHeads(states, headSize, cached),
  ) as [Tensor, Tensor, Tensor]
  const { mixed, present } = groupQueryAttention({ ...inputs, queries, keys, values }, headSize)
  return { mixed: resizeHeads(mixed, cached, headSize), present }
}

/** [batch, time, heads·from] → [batch, time, heads·to]: zeros behind each head's numbers come, or go. */
function resizeHeads(states: Tensor, from: number, to: number): Tensor {
  const [batch, time, width] = states.shape as readonly [Dim, Dim, number]
  const byHead = reshape(states, [batch, time, width / from, from])
  const resized = to > from ? padAxis(byHead, 3, 0, to - from) : slice(byHead, 3, 0, to)
  return reshape(resized, [batch, time, (width / from) * to])
}
