import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KeyValueCache } from '../../llm/kv-cache.js'
import { createSampler } from '../../llm/sampling.js'
import { Runtime } from '../../runtime/runtime.js'
import type { ChatMessage } from '../../text/chat.js'
import { openSafetensors, readTensor, type StoredTensor } from '../../weights/safetensors.js'
import { generate } from '../answering/generator.js'
import { LanguageModel } from '../answering/language-model.js'
import { type OpenedLanguageModel, openLanguageModel, withoutAudio } from './open-language-model.js'

/** What reference/smollm2.py has written. */
const folder = process.env.PAL_REFERENCE ?? ''
const skip = existsSync(join(folder, 'expected.json'))
  ? false
  : 'run `python reference/smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf FOLDER`, then set PAL_REFERENCE=FOLDER'

interface Expected {
  readonly texts: readonly { readonly text: string; readonly ids: number[] }[]
  readonly prompts: readonly {
    readonly messages: readonly ChatMessage[]
    readonly ids: number[]
    readonly tokens: number[]
  }[]
}

describe('SmolLM2-135M-Instruct', { skip }, () => {
  let expected: Expected
  let cache: string
  let runtime: Runtime
  before(async () => {
    expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as Expected
    cache = await mkdtemp(join(tmpdir(), 'pal-smollm2-'))
    runtime = await Runtime.start()
  })
  after(async () => {
    await runtime.close()
    await rm(cache, { recursive: true, force: true })
  })

  for (const path of [folder, join(folder, 'model.gguf')]) {
    test(`token ids, from ${path === folder ? 'the folder' : 'the GGUF file'}`, async () => {
      const tokenizer = (await openLanguageModel(path, { cache })).tokenizer()
      for (const { text, ids } of expected.texts) assert.deepEqual(tokenizer.encode(text), ids, text)
      for (const { messages, ids } of expected.prompts) {
        assert.deepEqual(tokenizer.chat(messages, { addGenerationPrompt: true }).ids, ids)
      }
    })
  }

  test('the weights of the GGUF file are those that the reference has dequantised', async () => {
    const [ours, theirs] = [
      await openLanguageModel(join(folder, 'model.gguf'), { cache }),
      await openLanguageModel(folder),
    ]
    assert.deepEqual(ours.config, theirs.config)
    for (const name of (await openSafetensors(join(folder, 'model.safetensors'))).tensors.keys()) {
      assert.deepEqual(await numbers(ours, name), await numbers(theirs, name), name)
    }
  })

  test('64 greedy tokens of ten prompts', async (context) => {
    const { config, weights } = await openLanguageModel(folder)
    const model = await LanguageModel.compile(runtime, withoutAudio(config), weights)
    const logits = (await openSafetensors(join(folder, 'logits.safetensors'))).tensors
    let worst = 0
    for (const [number, { ids, tokens }] of expected.prompts.entries()) {
      const theirs = await readTensor(logits.get(String(number))!)
      const greedy = createSampler()
      let step = 0
      const sampler = (ours: Float32Array) => {
        const size = config.vocabularySize
        if (step < tokens.length)
          worst = Math.max(worst, error(ours, theirs.subarray(step * size, ++step * size)))
        return greedy(ours)
      }
      const answer: number[] = []
      const options = { sampler, maxTokens: tokens.length, endIds: [] }
      for await (const token of generate(
        model,
        { cache: KeyValueCache.empty(config), ids, position: 0 },
        options,
      ))
        answer.push(token)
      assert.deepEqual(answer, tokens)
    }
    context.diagnostic(`largest error of a logit, as a share of the largest: ${worst.toExponential(1)}`)
    assert.ok(worst < 1e-4, `${worst}`)
  })
})

async function numbers({ weights }: OpenedLanguageModel, name: string): Promise<Float32Array> {
  return readTensor(weights(`llm.${name}`) as StoredTensor)
}

/** The largest difference, as a share of the largest logit. */
function error(actual: Float32Array, expected: Float32Array): number {
  let [difference, size] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!))
    size = Math.max(size, Math.abs(expected[i]!))
  }
  return difference / size
}
