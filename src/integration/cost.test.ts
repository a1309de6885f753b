import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiplyAdds } from '../bench/count.js'
import type { IntegrationConfig } from './config.js'
import { LLM, Tiny } from './tiny.test.helper.js'

/** The cost of the audio in multiply-adds, counted from the graph, is the closed formula. */

const { hiddenSize: d, keyValueHeads, headSize, feedForwardSize: f, layers: L } = LLM
const dkv = keyValueHeads * headSize
const T = 5
const N = 11
const S = 3 // tokens of a second encoder, or of a summary

/** Scores and mix of q queries over k keys. */
const attention = (queries: number, keys: number) => 2 * d * queries * keys
const perToken = 2 * d * d + 2 * d * dkv + 3 * d * f

test('text alone: every token passes every projection and the FFN', () => {
  assert.equal(costOf({ kind: 'plits' }, []), L * (T * perToken + attention(T, T)))
})

test('PLITS: N(2d² + 2d·dkv + 3df), and attention over (N + T)²', () => {
  const expected = L * (N * perToken + attention(N + T, N + T) - attention(T, T))
  assert.equal(audioCost({ kind: 'plits' }, [['audio', N]]), expected)
})

test('LAL: N·2d·dkv, and attention over T·(N + T)', () => {
  const expected = L * (N * 2 * d * dkv + attention(T, N))
  assert.equal(audioCost({ kind: 'lal' }, [['audio', N]]), expected)
})

test('LAL at some layers costs as many times as there are such layers', () => {
  const some = audioCost({ kind: 'lal', layers: [0, 2] }, [['audio', N]])
  assert.equal(some, (2 / L) * audioCost({ kind: 'lal' }, [['audio', N]]))
})

test('LAL with a projector per layer: two thin products more', () => {
  const extra = L * N * 2 * d * 4
  const cost = audioCost({ kind: 'lal', projector: 'per-layer', rank: 4 }, [['audio', N]])
  assert.equal(cost, audioCost({ kind: 'lal' }, [['audio', N]]) + extra)
})

test('PAL, routed: the sum; the speech tokens too attend to the memory', () => {
  const integration = { kind: 'pal', form: { routes: { speech: 'plits', general: 'lal' } } } as const
  const expected =
    L * (S * perToken + attention(S + T, S + T) - attention(T, T) + N * 2 * d * dkv + attention(S + T, N))
  const counts = [
    ['speech', S],
    ['general', N],
  ] as const
  assert.equal(audioCost(integration, counts), expected)
})

test('PAL, unified: the sum, and the learned queries that make the summary', () => {
  const integration = { kind: 'pal', form: { summaryTokens: S } } as const
  const summary = S * 4 * d * d + attention(S, S) + (2 * S + 2 * N) * d * d + attention(S, N) + S * 8 * d * d
  const expected =
    L * (S * perToken + attention(S + T, S + T) - attention(T, T) + N * 2 * d * dkv + attention(S + T, N))
  assert.equal(audioCost(integration, [['audio', N]]), expected + summary)
})

test('Flamingo: a block of its own before every k-th layer', () => {
  const block = N * 2 * d * d + attention(T, N) + T * (2 * d * d + 8 * d * d)
  assert.equal(audioCost({ kind: 'flamingo', every: 2 }, [['audio', N]]), 2 * block)
})

type Counts = readonly (readonly [name: string, tokens: number])[]

function audioCost(integration: IntegrationConfig, counts: Counts): number {
  return costOf(integration, counts) - costOf({ kind: 'plits' }, [])
}

function costOf(integration: IntegrationConfig, counts: Counts): number {
  const tiny = new Tiny(integration)
  const heard = tiny.network.integrate(counts.map(([name, tokens]) => tiny.audio(name, tokens)))
  const text = tiny.embed(Array.from({ length: T }, (_, i) => i))
  return multiplyAdds([tiny.decode(heard, text, 0).states])
}
