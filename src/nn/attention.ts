import { attend } from '../graph/attend.js'
import { checkpoint } from '../graph/checkpoint.js'
import { add, mul } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { softmax } from '../graph/normalize.js'
import { max } from '../graph/reduce.js'
import { addAll, broadcastTo, concat, reshape, slice, split, transpose } from '../graph/shape.js'
import { type Dim, fixed, type Tensor } from '../graph/tensor.js'

/** Keys and values that queries may attend to. */
export interface KeyValues {
  /** [batch, keyValueHeads, length, headSize]; a cache's has an axis of length 1 before the length: see `shared` */
  readonly keys: Tensor
  readonly values: Tensor
  /** Added to the scores, 0 or `MASKED`: broadcasts to [batch, keyValueHeads, group, queries, length]. */
  readonly mask?: Tensor | undefined
  /** These are the queries' own, the last stretch, and the mask hides from each what comes after it. @default false */
  readonly causal?: boolean
}

/** The score of a pair that may not attend: e^MASKED is 0 in float32, and sums of it stay finite. */
export const MASKED = -1e9

/**
 * Scaled dot-product attention with grouped queries over several stretches of keys and values:
 * softmax([Q·K₁ᵀ ; Q·K₂ᵀ …]/√headSize + M)·[V₁ ; V₂ …].
 *
 * @param queries [batch, heads, time, headSize]
 * @param options.checkpointing compute the weights again for the gradient: as many as there are pairs of a query and a key
 * @returns [batch, time, heads·headSize]
 */
export function attention(
  queries: Tensor,
  stretches: readonly KeyValues[],
  { checkpointing = false }: { readonly checkpointing?: boolean } = {},
): Tensor {
  const lengths = [queries.shape[2], ...stretches.map(({ keys }) => keys.shape.at(-2))]
  const known = lengths.every((length) => typeof length === 'number')
  return known ? mergeHeads(overAll(queries, stretches, checkpointing)) : overEach(queries, stretches)
}

/**
 * For lengths that are known, as in training: the stretches are put side by side, and the queries of a group are
 * rows of one product with the keys that they share, so that the gradient of the keys is one product too. Causal
 * queries go block by block, each with the keys that it can see.
 */
function overAll(queries: Tensor, stretches: readonly KeyValues[], checkpointing: boolean): Tensor {
  const [batch, heads, time, headSize] = queries.shape.map(fixed) as [number, number, number, number]
  const keys = concat(
    stretches.map((stretch) => stretch.keys),
    2,
  )
  const values = concat(
    stretches.map((stretch) => stretch.values),
    2,
  )
  const [, keyValueHeads, length] = keys.shape.map(fixed) as [number, number, number]
  const group = heads / keyValueHeads
  const mask = joinMasks(stretches, time)
  const blocks = stretches.at(-1)?.causal ? causalBlocks(time) : [{ start: 0, end: time }]
  const sizes = blocks.map(({ start, end }) => end - start)
  const grouped = split(reshape(queries, [batch, keyValueHeads, group, time, headSize]), 3, sizes)
  const mixed = checkpoint(queries.graph, checkpointing, () =>
    blocks.map(({ start, end }, block) => {
      const size = end - start
      const seen = length - time + end
      const rows = reshape(grouped[block]!, [batch, keyValueHeads, group * size, headSize])
      const scale = 1 / Math.sqrt(headSize)
      const scores = matmul(rows, slice(keys, 2, 0, seen), { transposeB: true, scale })
      const shape = [batch, keyValueHeads, group, size, seen]
      const hidden = mask && sliceMask(sliceMask(mask, 3, start, end), 4, 0, seen)
      const masked = hidden ? reshape(add(reshape(scores, shape), hidden), scores.shape) : scores
      return attend(masked, slice(values, 2, 0, seen))
    }),
  )
  const inTime = mixed.map((rows, block) =>
    reshape(rows, [batch, keyValueHeads, group, sizes[block]!, headSize]),
  )
  return reshape(concat(inTime, 3), queries.shape)
}

/**
 * Queries whose scores are computed together where none sees what comes after it, by their places: the last of them still
 * sees all keys before it, so a fourth of the scores is left out with two blocks, and nearly half with many.
 */
export function causalBlocks(time: number): readonly { readonly start: number; readonly end: number }[] {
  const count = Math.max(1, Math.floor(time / BLOCK))
  const at = (block: number) => Math.round((block * time) / count)
  return Array.from({ length: count }, (_, block) => ({ start: at(block), end: at(block + 1) }))
}

const BLOCK = 128

/** An axis of length 1 stands for all queries, or all keys. */
function sliceMask(mask: Tensor, axis: number, start: number, end: number): Tensor {
  return mask.shape[axis] === 1 ? mask : slice(mask, axis, start, end)
}

/** One mask for all stretches; those without one hide nothing. */
function joinMasks(stretches: readonly KeyValues[], time: number): Tensor | undefined {
  const masks = stretches.map(({ mask }) => mask).filter((mask) => mask !== undefined)
  const [first] = masks
  if (!first || stretches.length === 1) return first
  const batch = Math.max(...masks.map(({ shape }) => fixed(shape[0])))
  const nothing = first.graph.constant(new Float32Array(1), [1, 1, 1, 1, 1])
  const parts = stretches.map(({ keys, mask }) =>
    broadcastTo(mask ?? nothing, [batch, 1, 1, time, fixed(keys.shape[2])]),
  )
  return concat(parts, 4)
}

/**
 * For a cache of any length: the stretches are only read, and joined at the softmax. A token's time is mostly the number of
 * operations here, so what is the same for every layer is built from the masks alone, and the runtime keeps one of it.
 */
function overEach(queries: Tensor, stretches: readonly KeyValues[]): Tensor {
  const [batch, heads, time, headSize] = queries.shape as readonly [Dim, number, Dim, number]
  const keyValueHeads = fixed(stretches[0]?.keys.shape[1])
  // Scaled here and not in the product, which for a single query is twice as fast without.
  const scaled = mul(queries, 1 / Math.sqrt(headSize))
  // Queries of one group share a key head: [batch, keyValueHeads, group, time, headSize].
  const grouped = reshape(scaled, [batch, keyValueHeads, heads / keyValueHeads, time, headSize])
  const scores = stretches.map(({ keys }) => matmul(grouped, shared(keys), { transposeB: true }))
  const masks = stretches.map(({ mask }) => mask).filter((mask) => mask !== undefined)
  const allMasked = masks.length === stretches.length
  const masked = allMasked
    ? add(concat(scores, 4), besideEachOther(masks))
    : concat(
        stretches.map(({ mask }, i) => (mask ? add(scores[i]!, mask) : scores[i]!)),
        4,
      )
  const weights = split(softmax(masked), 4, allMasked ? masks : scores)
  const mixed = addAll(stretches.map(({ values }, i) => matmul(weights[i]!, shared(values))))
  return reshape(transpose(mixed, [0, 3, 1, 2, 4]), [batch, time, heads * headSize])
}

/** Masks that broadcast to [batch, 1, 1, time, length] each, in one that does. */
function besideEachOther(masks: readonly Tensor[]): Tensor {
  const [first] = masks
  if (masks.length === 1) return first!
  // Adding zeros of [batch, 1, 1, time, 1] repeats each along the axes that only others have.
  const zeros = mul(addAll(masks.map((mask) => max(mask, [4]))), 0)
  return concat(
    masks.map((mask) => add(mask, zeros)),
    4,
  )
}

/** [batch, time, heads·headSize] → [batch, heads, time, headSize]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, time, width] = x.shape as readonly [Dim, Dim, number]
  return transpose(reshape(x, [batch, time, heads, width / heads]), [0, 2, 1, 3])
}

/** [batch, heads, time, headSize] → [batch, time, heads·headSize]. */
function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, time, headSize] = x.shape as readonly [Dim, number, Dim, number]
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, time, heads * headSize])
}

/** [batch, keyValueHeads, length, headSize] with an axis for the group, which broadcasts; a cache may have it already. */
function shared(x: Tensor): Tensor {
  if (x.shape.length === 5) return x
  const [batch, heads, length, headSize] = x.shape as readonly [Dim, Dim, Dim, Dim]
  return reshape(x, [batch, heads, 1, length, headSize])
}
