import { createInterface } from 'node:readline'
import { LLAMA_SIZES } from '../llm/config.js'
import { KeyValueCache } from '../llm/kv-cache.js'
import { likeliest } from '../llm/sampling.js'
import { LanguageModel } from '../model/answering/language-model.js'
import { withoutAudio } from '../model/checkpoints/open-language-model.js'
import { peakMemoryMiB } from '../runtime/peak-memory.js'
import { Runtime } from '../runtime/runtime.js'
import { openBlockFile } from '../weights/block-tensors.js'

/**
 * Our side of the race of generation; reference/race_generation.py starts it:
 *
 *   node dist/bench/generation-contestant.js FOLDER THREADS NEW_TOKENS PROVIDER
 *
 * FOLDER holds a model of SmolLM2-135M's sizes, of float32 or quantised. Each line on standard input is a number of
 * tokens to read before so many are generated; each is answered by a line of JSON.
 */
const [folder, threads, newTokens, provider] = process.argv.slice(2) as [string, string, string, string]
const config = withoutAudio(LLAMA_SIZES['smollm2-135m'])
const { blocks, others } = await openBlockFile(`${folder}/model.safetensors`)
const weights = (name: string) => {
  const stored = name.replace(/^llm\./, '')
  return blocks.get(stored) ?? others.get(stored)
}
const runtime = await Runtime.start({ threads: Number(threads), provider })
const model = await LanguageModel.compile(runtime, config, weights, { prepacking: true })
for await (const line of createInterface(process.stdin)) {
  const context = Number(line)
  const cache = KeyValueCache.empty(config.llm)
  const ids = Array.from({ length: context }, (_, i) => 1000 + ((i * 7919) % 40000))
  const start = performance.now()
  let scores = await model.read(cache, { ids }, 0)
  const prefillMs = performance.now() - start
  const tokens: number[] = []
  const tokenMs: number[] = []
  for (let i = 0; i < Number(newTokens); i++) {
    const begun = performance.now()
    const token = likeliest(scores)
    tokens.push(token)
    scores = (await model.next(cache, [token], [context + i]))[0]!
    tokenMs.push(performance.now() - begun)
  }
  const peakMegabytes = peakMemoryMiB() * 1.048576
  process.stdout.write(`${JSON.stringify({ prefillMs, tokenMs, tokens, peakMegabytes })}\n`)
}
await runtime.close()
