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
  /** Those whose states are read in the end: [tokens, width] → [read, width]. */
  read(tokens: Tensor): Tensor
}

/** The inputs `tokens.*` of a graph that say where tokens stand: see `raggedFeeds`. */
export function raggedInputs(graph: Graph, rows: number, longest: number): Ragged {
  const indices = (name: string, length: number | string) => graph.input(`tokens.${name}`, [length], 'int64')
  const places = rows * longest
  const padded: Pick = { from: indices('ofPlaces', places), to: indices('places', 'tokens') }
  const unpadded: Pick = {
    from: padded.to,
    to: padded.from,
    picked: graph.input('tokens.isToken', [places, 1]),
  }
  const read: Pick = {
    from: indices('read', 'read'),
    to: indices('ofRead', 'tokens'),
    picked: graph.input('tokens.isRead', ['tokens', 1]),
  }
  return {
    pad: (tokens) => reshape(pick(tokens, padded), [rows, longest, tokens.shape[1]!]),
    unpad: (all) => pick(reshape(all, [elementCount(all.shape.slice(0, 2)), all.shape[2]!]), unpadded),
    read: (tokens) => pick(tokens, read),
  }
}

/**
 * What those inputs are fed.
 * @param rows for each, which of its `longest` places hold a token, and whether that is read
 */
export function raggedFeeds(
  rows: readonly (readonly RaggedToken[])[],
  longest: number,
): Readonly<Record<string, BigInt64Array | Float32Array>> {
  const ofPlaces = new BigInt64Array(rows.length * longest)
  const isToken = new Float32Array(rows.length * longest)
  const tokens = rows.flatMap((row, i) =>
    row.map((token) => ({ ...token, place: i * longest + token.place })),
  )
  const ofRead = new BigInt64Array(tokens.length)
  const isRead = new Float32Array(tokens.length)
  const read: bigint[] = []
  for (const [i, token] of tokens.entries()) {
    ofPlaces[token.place] = BigInt(i)
    isToken[token.place] = 1
    if (!token.isRead) continue
    ofRead[i] = BigInt(read.length)
    isRead[i] = 1
    read.push(BigInt(i))
  }
  return {
    'tokens.ofPlaces': ofPlaces,
    'tokens.places': BigInt64Array.from(tokens, ({ place }) => BigInt(place)),
    'tokens.isToken': isToken,
    'tokens.read': BigInt64Array.from(read),
    'tokens.ofRead': ofRead,
    'tokens.isRead': isRead,
  }
}

export interface RaggedToken {
  /** Within its row. */
  readonly place: number
  readonly isRead: boolean
}
