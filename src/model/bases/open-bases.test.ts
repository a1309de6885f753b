import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AmbiguousModelError } from '../../hub/choose-files.js'
import { FakeHub } from '../../hub/hub.test.helper.js'
import { fixture } from '../../llm/reference.test.helper.js'
import { openLanguageModel } from '../checkpoints/open-language-model.js'
import { tinyConfig } from '../tiny-model.js'
import { openBases } from './open-bases.js'

let root: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pal-bases-'))
  process.env.HF_HOME = join(root, 'hub')
})
after(() => rm(root, { recursive: true, force: true }))

function builtOn(name: string, sha256: string) {
  return {
    name: 'tiny',
    sampleRate: 8000,
    trainedSeconds: 1,
    model: tinyConfig(),
    bases: { llm: { name, sha256 } },
  }
}

test('what is refused when it is fetched is not advised to be pulled by the same name', async (context) => {
  const hub = await FakeHub.start(context, {
    'a.Q2_K.gguf': Buffer.from('a'),
    'a.Q8_0.gguf': Buffer.from('b'),
  })
  process.env.HF_ENDPOINT = hub.endpoint
  context.after(() => delete process.env.HF_ENDPOINT)
  const opening = openBases('model', builtOn('acme/tiny', 'x'), {}, { cache: root, fetching: {} })
  await assert.rejects(opening, (error) => {
    const { message, cause } = error as Error
    assert.ok(cause instanceof AmbiguousModelError)
    assert.match(
      message,
      /expected one of the 2 GGUF files .*\nFor example: pal pull acme\/tiny:a\.Q8_0\.gguf\n/,
    )
    assert.match(message, /\nSay where it is: --llm PATH$/)
    assert.doesNotMatch(message, /pal pull acme\/tiny\n/)
    return true
  })
})

test('nothing is copied of another model, and what keeps the right one from being copied is told', async () => {
  const place = fixture('qwen2') // Half precision, which is copied.
  const cache = join(root, 'cache')
  const other = openBases('model', builtOn('qwen2', 'x'), { llm: place }, { cache })
  await assert.rejects(other, /as it was when this model was trained on it, got other weights in .*qwen2/)
  assert.equal(existsSync(cache), false)

  const { sha256 } = await openLanguageModel(place, { cache })
  await openBases('model', builtOn('qwen2', sha256), { llm: place }, { cache }) // It is remembered where it lies.
  await writeFile(join(cache, 'blocks'), '')
  const full = openBases('model', builtOn('qwen2', sha256), {}, { cache, bits: 8 })
  await assert.rejects(full, /expected to write a copy of .*qwen2, 1 MiB: EEXIST/)
})

test('a cache that cannot be written to does not keep a base from being opened', async () => {
  const file = join(root, 'file')
  await writeFile(file, '')
  const place = fixture('llama')
  const { sha256 } = await openLanguageModel(place, { cache: root })
  const { llm } = await openBases('model', builtOn('llama', sha256), { llm: place }, { cache: file })
  assert.equal(llm?.sha256, sha256)
})
