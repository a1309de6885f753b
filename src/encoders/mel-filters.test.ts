import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../graph/tensor.js'
import { type MelBank, melBank } from './mel-filters.js'

const BANK = {
  ...{ sampleRate: 16_000, fftSize: 64, melBins: 4, lowestFrequency: 50, highestFrequency: 8000 },
  scale: 'slaney',
} as const

test('filters are made once for all graphs, and others where anything about them is another', () => {
  const made = (changes: Partial<MelBank> = {}) => {
    const graph = new Graph()
    return graph.numbers(melBank(graph, { ...BANK, ...changes }))
  }
  assert.equal(made(), made())
  const others: readonly Partial<MelBank>[] = [
    { sampleRate: 22_050 },
    { fftSize: 128 },
    { melBins: 5 },
    { lowestFrequency: 0 },
    { highestFrequency: 7000 },
    { scale: 'htk' },
  ]
  for (const changes of others) assert.notDeepEqual(made(changes), made())
})
