import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layOut } from './layout.js'

const COUNTS = [
  { name: 'speech', tokens: 3 },
  { name: 'general', tokens: 5 },
  { name: 'effects', tokens: 7 },
]

test('tokens by PLITS stand in the sequence, behind the keys of those by LAL', () => {
  const routes = { speech: 'plits', general: 'lal', effects: 'lal' } as const
  assert.deepEqual(layOut({ kind: 'pal', form: { routes } }, COUNTS), {
    keyStart: { general: 0, effects: 5 },
    sequence: [3],
    sequenceStart: 12,
    tokens: { plits: 3, lal: 12, cross: 0 },
  })
})

test('each encoder has a summary of its own', () => {
  const { keyStart, sequence, tokens } = layOut({ kind: 'pal', form: { summaryTokens: 2 } }, COUNTS)
  assert.deepEqual(keyStart, { speech: 0, general: 3, effects: 8 })
  assert.deepEqual([sequence, tokens], [[2, 2, 2], { plits: 6, lal: 15, cross: 0 }])
})

test('what gated blocks attend to is neither in the sequence nor a key of the layers', () => {
  assert.deepEqual(layOut({ kind: 'flamingo', every: 2 }, COUNTS), {
    keyStart: {},
    sequence: [],
    sequenceStart: 0,
    tokens: { plits: 0, lal: 0, cross: 15 },
  })
})
