import { attend } from '../graph/attend.js'
import { checkpoint } from '../graph/checkpoint.js'
import { add } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { softmax } from '../graph/normalize.js'
import { broadcastTo, concat, reshape, slice, split, transpose } from '../graph/shape.js'
import { type Dim, fixed, type Graph, type Tensor } from '../graph/tensor.js'

/** Keys and values that queries may attend to. */
export interface KeyValues {
  /** [batch, keyValueHeads, 1, length, headSize] */
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
 * @param queries [batch, keyValueHeads, group, time, headSize]: those of a group share the keys
 * @param options.scale what scores are multiplied by; 1 where the queries are scaled already. @default 1/√headSize
 * @param options.checkpointing compute the weights again for the gradient: as many as there are pairs of a query and a key
 * @returns [batch, time, keyValueHeads·group·headSize]
 */
export function attention(
  queries: Tensor,
  stretches: readonly KeyValues[],
  options: AttentionOptions = {},
): Tensor {
  const { scale = 1 / Math.sqrt(fixed(queries.shape[4])), checkpointing = false } = options
  const lengths = [queries.shape[3], ...stretches.map(({ keys }) => keys.shape.at(-2))]
  const known = lengths.every((length) => typeof length === 'number')
  const [first, ...others] = stretches as readonly [KeyValues, ...KeyValues[]]
  if (!known && others.length > 0) throw new Error('attention: several stretches need lengths that are known')
  return joinHeads(known ? overAll(queries, stretches, scale, checkpointing) : overOne(queries, first, scale))
}

export interface AttentionOptions {
  readonly scale?: number
  readonly checkpointing?: boolean
}

/** Hides from each of so many tokens those that come after it: [1, 1, 1, length, length]. */
export function causalMask(graph: Graph, length: number): Tensor {
  const mask = new Float32Array(length * length)
  for (let query = 0; query < length; query++)
    mask.fill(MASKED, query * length + query + 1, (query + 1) * length)
  return graph.constant(mask, [1, 1, 1, length, length])
}

/**
 * For lengths that are known, as in training: the stretches are put side by side, and the queries of a group are
 * rows of one product with the keys that they share, so that the gradient of the keys is one product too. Causal
 * queries go block by block, each with the keys that it can see.
 */
function overAll(
  queries: Tensor,
  stretches: readonly KeyValues[],
  scale: number,
  checkpointing: boolean,
): Tensor {
  const [batch, keyValueHeads, group, time, headSize] = queries.shape.map(fixed) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const [keys, values] = (['keys', 'values'] as const).map((part) => {
    const all = concat(
      stretches.map((stretch) => stretch[part]),
      3,
    )
    return reshape(all, [batch, keyValueHeads, fixed(all.shape[3]), headSize])
  }) as [Tensor, Tensor]
  const length = fixed(keys.shape[2])
  const mask = joinMasks(
    stretches.map(({ keys, mask }) => ({ length: fixed(keys.shape[3]), mask })),
    time,
  )
  const blocks = stretches.at(-1)?.causal ? causalBlocks(time) : [{ start: 0, end: time }]
  const sizes = blocks.map(({ start, end }) => end - start)
  const grouped = split(queries, 3, sizes)
  const mixed = checkpoint(queries.graph, checkpointing, () =>
    blocks.map(({ start, end }, block) => {
      const size = end - start
      const seen = length - time + end
      const rows = reshape(grouped[block]!, [batch, keyValueHeads, group * size, headSize])
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
  return concat(inTime, 3)
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

/** One mask for parts that stand side by side, and so many queries; those without one hide nothing. */
export function joinMasks(
  parts: readonly { readonly length: number; readonly mask: Tensor | undefined }[],
  queries: number,
): Tensor | undefined {
  const masks = parts.map(({ mask }) => mask).filter((mask) => mask !== undefined)
  const [first] = masks
  if (!first || parts.length === 1) return first
  const batch = Math.max(...masks.map(({ shape }) => fixed(shape[0])))
  const nothing = first.graph.constant(new Float32Array(1), [1, 1, 1, 1, 1])
  const whole = parts.map(({ length, mask }) => broadcastTo(mask ?? nothing, [batch, 1, 1, queries, length]))
  return concat(whole, 4)
}

/** For lengths that are known only when the graph runs, as what an encoder hears. */
function overOne(queries: Tensor, { keys, values, mask }: KeyValues, scale: number): Tensor {
  const scores = matmul(queries, keys, { transposeB: true, scale })
  return matmul(softmax(mask ? add(scores, mask) : scores), values)
}

/**
 * [batch, time, heads·group·headSize] → [batch, heads, group, time, headSize].
 * @param group queries that share a head of keys
 */
export function splitHeads(x: Tensor, heads: number, group = 1): Tensor {
  const [batch, time, width] = x.shape as readonly [Dim, Dim, number]
  return transpose(reshape(x, [batch, time, heads, group, width / heads / group]), [0, 2, 3, 1, 4])
}

/** Undoes that. */
function joinHeads(x: Tensor): Tensor {
  const [batch, heads, group, time, headSize] = x.shape as readonly [Dim, number, number, Dim, number]
  return reshape(transpose(x, [0, 3, 1, 2, 4]), [batch, time, heads * group * headSize])
}
