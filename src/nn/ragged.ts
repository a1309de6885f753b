import { type Pick, pick } from '../graph/pick.js'
import { reshape } from '../graph/shape.js'
import { elementCount, type Graph, type Tensor } from '../graph/tensor.js'

/**
 * Rows of tokens of different lengths, one after the other and without padding ("unpadded" in Hugging Face's and
 * FlashAttention's words): every layer but attention takes tokens one by one, and computes none that nobody reads.
 */
export interface Ragged {
  /** [tokens, width] → [rows, longest, width]. What stands at the places of padding may be anything: masks hide it. */
  pad(tokens: Tensor): Tensor
  /** [rows, longest, width] → [tokens, width] */
  unpad(padded: Tensor): Tensor
}

/** The inputs `name.*` of a graph that say where tokens stand, whose number is called like them: see `raggedFeeds`. */
export function raggedInputs(graph: Graph, name: string, rows: number, longest: number): Ragged {
  const places = rows * longest
  const ofPlaces = graph.input(`${name}.ofPlaces`, [places], 'int64')
  const ofTokens = graph.input(`${name}.places`, [name], 'int64')
  const padded: Pick = { from: ofPlaces, to: ofTokens }
  const unpadded: Pick = { from: ofTokens, to: ofPlaces, picked: graph.input(`${name}.isToken`, [places, 1]) }
  return {
    pad: (tokens) => reshape(pick(tokens, padded), [rows, longest, tokens.shape[1]!]),
    unpad: (all) => pick(reshape(all, [elementCount(all.shape.slice(0, 2)), all.shape[2]!]), unpadded),
  }
}

/** The inputs `name.*` that say which tokens' states are read in the end: [name, width] → [read, width]. See `selectFeeds`. */
export function selectInputs(graph: Graph, name: string): (tokens: Tensor) => Tensor {
  const read: Pick = {
    from: graph.input(`${name}.read`, ['read'], 'int64'),
    to: graph.input(`${name}.ofRead`, [name], 'int64'),
    picked: graph.input(`${name}.isRead`, [name, 1]),
  }
  return (tokens) => pick(tokens, read)
}

type Feeds = Readonly<Record<string, BigInt64Array | Float32Array>>

/**
 * What the inputs of `raggedInputs` are fed.
 * @param rows for each, which of its `longest` places hold a token
 */
export function raggedFeeds(name: string, rows: readonly (readonly number[])[], longest: number): Feeds {
  const places = rows.flatMap((row, i) => row.map((place) => i * longest + place))
  const ofPlaces = new BigInt64Array(rows.length * longest)
  const isToken = new Float32Array(rows.length * longest)
  for (const [token, place] of places.entries()) {
    ofPlaces[place] = BigInt(token)
    isToken[place] = 1
  }
  return {
    [`${name}.ofPlaces`]: ofPlaces,
    [`${name}.places`]: BigInt64Array.from(places, BigInt),
    [`${name}.isToken`]: isToken,
  }
}

/**
 * What the inputs of `selectInputs` are fed.
 * @param tokens of each, one after the other, whether it is read
 */
export function selectFeeds(name: string, tokens: readonly boolean[]): Feeds {
  const ofRead = new BigInt64Array(tokens.length)
  const read: bigint[] = []
  for (const [token, isRead] of tokens.entries()) {
    if (!isRead) continue
    ofRead[token] = BigInt(read.length)
    read.push(BigInt(token))
  }
  return {
    [`${name}.read`]: BigInt64Array.from(read),
    [`${name}.ofRead`]: ofRead,
    [`${name}.isRead`]: Float32Array.from(tokens, Number),
  }
}
