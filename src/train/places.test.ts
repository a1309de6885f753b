import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { withoutPlaces } from './places.js'

test('of an absolute path the last part is kept, of what is none all', () => {
  const settings = {
    model: { encoders: [{ name: 'general', encoder: { from: resolve('ears') } }], system: '/no_think' },
    sources: { mine: { path: resolve('questions/train-*.parquet') }, theirs: { path: '../rows.jsonl' } },
    stages: [{ trained: ['*'], steps: 3, hears: null }],
  }
  assert.deepEqual(withoutPlaces(settings), {
    model: { encoders: [{ name: 'general', encoder: { from: 'ears' } }], system: '/no_think' },
    sources: { mine: { path: 'train-*.parquet' }, theirs: { path: '../rows.jsonl' } },
    stages: [{ trained: ['*'], steps: 3, hears: null }],
  })
  assert.equal(withoutPlaces(resolve('base'), 'from'), 'base')
  assert.equal(withoutPlaces('acme/tiny', 'from'), 'acme/tiny')
})
