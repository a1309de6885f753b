import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultFolder } from './default-folder.js'

test('what is asked in another way has a folder of its own, and so has a part of it', () => {
  const name = (more: Partial<Parameters<typeof defaultFolder>[1]>) =>
    defaultFolder('sets/questions.jsonl', { protocol: 'generation', ...more })
  assert.equal(name({}), join('runs', 'eval-sets-questions.jsonl-default'))
  assert.equal(name({ bits: 8, limit: 3 }), join('runs', 'eval-sets-questions.jsonl-default@8bit-limit3'))
  assert.equal(
    name({ model: 'runs/new', protocol: 'likelihood', nll: true }),
    join('runs', 'eval-sets-questions.jsonl-runs-new-likelihood-nll'),
  )
})
