import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fixture } from '../../llm/reference.test.helper.js'
import { tinyConfig } from '../tiny-model.js'
import { resolvePlan } from './resolve-plan.js'

let cache: string
before(async () => {
  cache = await mkdtemp(join(tmpdir(), 'pal-plan-'))
})
after(() => rm(cache, { recursive: true, force: true }))

test('what a plan asks of a language model that it names is checked when that is found', async () => {
  const { encoders } = tinyConfig()
  const planned = (layers: readonly number[]) =>
    resolvePlan(
      { encoders, integration: { kind: 'lal', layers }, llm: { from: fixture('llama') } },
      { cache },
    )
  const { config } = await planned([1])
  assert.equal(config.llm.layers, 2)
  await assert.rejects(planned([1, 2]), {
    name: 'PalError',
    message: 'model.integration.layers.1: expected a layer of the language model, 0 to 1, got 2',
  })
})
