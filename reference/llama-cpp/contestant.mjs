// llama.cpp's side of the race of generation; race_generation.py starts it: MODEL.gguf THREADS NEW_TOKENS cpu|cuda [TYPE OF THE CACHE].
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { getLlama } from 'node-llama-cpp'

const [modelPath, threads, newTokens, device, cacheType = 'F16'] = process.argv.slice(2)
const llama = await getLlama({
  gpu: device === 'cuda' ? 'cuda' : false,
  build: 'never',
  usePrebuiltBinaries: true,
  maxThreads: Number(threads),
  logLevel: 'error',
})
const model = await llama.loadModel({ modelPath })
const context = await model.createContext({
  contextSize: 4096 + 256,
  batchSize: 512,
  experimentalKvCacheKeyType: cacheType,
  experimentalKvCacheValueType: cacheType,
  threads: { ideal: Number(threads), min: Number(threads) },
})
const sequence = context.getSequence()
for await (const line of createInterface(process.stdin)) {
  const length = Number(line)
  await sequence.clearHistory()
  const ids = Array.from({ length }, (_, i) => 1000 + ((i * 7919) % 40000))
  const tokens = []
  const tokenMs = []
  let start = performance.now()
  let prefillMs
  // The first token comes when the prompt has been read, each further one when the one before has.
  for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    const now = performance.now()
    if (prefillMs === undefined) prefillMs = now - start
    else tokenMs.push(now - start)
    start = now
    if (tokenMs.length === Number(newTokens)) break
    tokens.push(token)
  }
  // Of this program: what the process held that started it is left out.
  const peakMegabytes = Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1.024e-3
  process.stdout.write(`${JSON.stringify({ prefillMs, tokenMs, tokens, peakMegabytes })}\n`)
}
process.exit(0)
