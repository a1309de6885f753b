import { add, gelu } from '../graph/elementwise.js'
import { gather } from '../graph/gather.js'
import { broadcastTo, concat, reshape, slice, transpose } from '../graph/shape.js'
import { fixed, type Graph, type Tensor } from '../graph/tensor.js'
import { linear } from '../nn/linear.js'
import { layerNorm } from '../nn/norm.js'
import type { Scope } from '../nn/scope.js'
import { preNormLayer, selfAttention } from './residual-layer.js'

/** A stage of a Swin transformer (Liu et al. 2021). */
export interface SwinStage {
  readonly depth: number
  readonly heads: number
  /** Patches of a window's side. */
  readonly window: number
  readonly feedForwardRatio: number
  readonly queryKeyValueBias: boolean
  readonly normEpsilon: number
}

/**
 * Layers whose attention stays within windows; every second one moves them by half a window, so that what is said in
 * one is heard in the next. Source: `ClapAudioStage` in transformers/models/clap/modeling_clap.py.
 * @param x [batch, height, width, channels]
 */
export function swinStage(scope: Scope, stage: SwinStage, x: Tensor): Tensor {
  const side = Math.min(fixed(x.shape[1]), fixed(x.shape[2]))
  const window = Math.min(stage.window, side)
  let states = x
  for (let layer = 0; layer < stage.depth; layer++) {
    const shift = layer % 2 === 0 || side <= window ? 0 : Math.floor(window / 2)
    states = swinLayer(scope.in(`blocks.${layer}`), { ...stage, window }, shift, states)
  }
  return states
}

/** Joins each 2 × 2 patches into one, twice as wide: [batch, height, width, c] → [batch, height/2, width/2, 2c]. */
export function mergePatches(scope: Scope, x: Tensor): Tensor {
  const [batch, height, width, channels] = x.shape.map(fixed) as [number, number, number, number]
  const blocks = reshape(x, [batch, height / 2, 2, width / 2, 2, channels])
  const joined = reshape(transpose(blocks, [0, 1, 3, 4, 2, 5]), [batch, height / 2, width / 2, 4 * channels])
  return linear(scope.in('reduction'), layerNorm(scope.in('norm'), joined, 1e-5), 2 * channels, {
    bias: false,
  })
}

function swinLayer(scope: Scope, stage: SwinStage, shift: number, x: Tensor): Tensor {
  const { heads, feedForwardRatio, normEpsilon, queryKeyValueBias: bias } = stage
  const width = fixed(x.shape[3])
  return preNormLayer(x, {
    attentionNorm: (states) => layerNorm(scope.in('layernorm_before'), states, normEpsilon),
    attention: (states) => {
      const windows = partition(roll(states, -shift), stage.window)
      const at = scope.in('attention.self')
      const project = (name: string) => linear(at.in(name), windows, width, { bias })
      const mask = windowMask(at, stage, shift, states)
      const mixed = selfAttention([project('query'), project('key'), project('value')], heads, mask)
      const attended = linear(scope.in('attention.output.dense'), mixed, width)
      return roll(join(attended, stage.window, states), shift)
    },
    feedForwardNorm: (states) => layerNorm(scope.in('layernorm_after'), states, normEpsilon),
    feedForward: (states) => {
      const widened = gelu(
        linear(scope.in('intermediate.dense'), states, Math.floor(width * feedForwardRatio)),
      )
      return linear(scope.in('output.dense'), widened, width)
    },
  })
}

/** What is added to the scores: [windows of the batch or 1, heads, 1, window², window²]. */
function windowMask(scope: Scope, { window, heads }: SwinStage, shift: number, x: Tensor): Tensor {
  const bias = relativeBias(scope, window, heads)
  if (shift === 0) return bias
  const [batch, height, width] = x.shape.map(fixed) as [number, number, number]
  const windows = (height / window) * (width / window)
  const area = window ** 2
  const apart = separation(scope.graph, height, width, window, shift)
  const each = broadcastTo(apart, [batch, windows, 1, area, area])
  return add(bias, reshape(each, [batch * windows, 1, 1, area, area]))
}

/** A learnt number for each head and each difference of places: [1, heads, 1, window², window²]. */
function relativeBias(scope: Scope, window: number, heads: number): Tensor {
  const span = 2 * window - 1
  const table = scope.parameter('relative_position_bias_table', [span ** 2, heads], { normal: 0.02 })
  const area = window ** 2
  const differences = Array.from({ length: area * area }, (_, pair) => {
    const [query, key] = [Math.floor(pair / area), pair % area]
    const rows = Math.floor(query / window) - Math.floor(key / window) + window - 1
    const columns = (query % window) - (key % window) + window - 1
    return BigInt(rows * span + columns)
  })
  const indices = scope.graph.constant(BigInt64Array.from(differences), [area, area])
  return reshape(transpose(gather(table, indices), [2, 0, 1]), [1, heads, 1, area, area])
}

/**
 * After a shift, a window on the edge holds patches that lie at opposite ends: they should not see each other. −100, as
 * in training. [1, windows, 1, window², window²].
 */
function separation(graph: Graph, height: number, width: number, window: number, shift: number): Tensor {
  const part = (place: number, length: number) =>
    Number(place >= length - window) + Number(place >= length - shift)
  const columns = width / window
  const windows = (height / window) * columns
  const area = window ** 2
  const mask = new Float32Array(windows * area * area)
  for (let at = 0; at < windows; at++) {
    const parts = Array.from({ length: area }, (_, i) => {
      const row = Math.floor(at / columns) * window + Math.floor(i / window)
      const column = (at % columns) * window + (i % window)
      return 3 * part(row, height) + part(column, width)
    })
    for (let pair = 0; pair < area * area; pair++) {
      if (parts[Math.floor(pair / area)] !== parts[pair % area]) mask[at * area * area + pair] = -100
    }
  }
  return graph.constant(mask, [1, windows, 1, area, area])
}

/** [batch, height, width, c] → [batch·windows, window², c]. */
function partition(x: Tensor, window: number): Tensor {
  const [batch, height, width, channels] = x.shape.map(fixed) as [number, number, number, number]
  const [rows, columns] = [height / window, width / window]
  const blocks = reshape(x, [batch, rows, window, columns, window, channels])
  return reshape(transpose(blocks, [0, 1, 3, 2, 4, 5]), [batch * rows * columns, window ** 2, channels])
}

/** Undoes `partition`. */
function join(windows: Tensor, window: number, like: Tensor): Tensor {
  const [batch, height, width, channels] = like.shape.map(fixed) as [number, number, number, number]
  const blocks = reshape(windows, [batch, height / window, width / window, window, window, channels])
  return reshape(transpose(blocks, [0, 1, 3, 2, 4, 5]), like.shape)
}

/** Moves the second and third axis by so many places, around the end. */
function roll(x: Tensor, places: number): Tensor {
  if (places === 0) return x
  return [1, 2].reduce((rolled, axis) => {
    const length = fixed(rolled.shape[axis])
    const from = (length - places) % length
    return concat([slice(rolled, axis, from, length), slice(rolled, axis, 0, from)], axis)
  }, x)
}
