import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReference } from '../../graph/parity.test.helper.js'
import type { ModelConfig, NamedEncoder } from '../config/config.js'
import { commonSamples } from './padded-samples.js'
import { tokenCount } from './token-count.js'

const { metadata } = await readReference('train/training-graph.test.safetensors')
const { encoders } = (JSON.parse(metadata.cases as string) as Record<string, ModelConfig>)['pal-routed']!
const general = encoders.find(({ name }) => name === 'general')!
const step = tokenCount(general, 1).samples

/** One token a step, so that a pool takes whole steps together. */
function pooled(pool: number): NamedEncoder {
  const encoder = { ...general.encoder, patchBins: general.encoder.melBins } as NamedEncoder['encoder']
  return { ...general, encoder, connector: { kind: 'mlp', pool } }
}

test('a batch has the shortest length that is whole for every encoder', () => {
  assert.equal(commonSamples([general], step * 5 - 1), step * 5)
  // As the longest of their own lengths, 9 steps, would not be.
  assert.equal(commonSamples([pooled(3), pooled(2)], step * 7), step * 12)
  assert.equal(commonSamples([pooled(3), pooled(2)], step * 12), step * 12)
})
