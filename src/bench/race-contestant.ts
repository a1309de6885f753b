import { createInterface } from 'node:readline'
import { LLAMA_SIZES } from '../llm/config.js'
import { peakMemoryMiB } from '../runtime/peak-memory.js'
import { Runtime } from '../runtime/runtime.js'
import { openSafetensors, readTensor } from '../weights/safetensors.js'
import { CONNECTOR, TrainStep } from './train-step.js'

/**
 * Our side of the race against PyTorch; reference/race.py starts it:
 *
 *   node dist/bench/race-contestant.js WEIGHTS lal|plits AUDIO_TOKENS THREADS PROVIDER [prepacked] [gates|selective]
 *
 * WEIGHTS is a safetensors file of the model's weights and of the batch. Each line on standard input asks for one
 * step; each is answered by a line of JSON.
 */
const [path, kind, audioTokens, threads, provider, ...settings] = process.argv.slice(2) as [
  string,
  'lal' | 'plits',
  string,
  string,
  string,
  ...('prepacked' | 'gates' | 'selective')[],
]
const { tensors } = await openSafetensors(path)
const stored = (name: string) => {
  const tensor = tensors.get(name)
  if (!tensor) throw new Error(`${path} has no "${name}"`)
  return tensor
}
const weights = [...tensors.keys()].filter((name) => name.startsWith(CONNECTOR))
const initial = new Map(
  await Promise.all(weights.map(async (name) => [name, await readTensor(stored(name))] as const)),
)
const whole = async (name: string) => BigInt64Array.from(await readTensor(stored(name)), BigInt)
const [batch, textTokens] = stored('ids').shape as [number, number]
const featureSize = stored('features').shape[2] as number
const features = await readTensor(stored('features'))

const runtime = await Runtime.start({ threads: Number(threads), provider })
const step = await TrainStep.compile(
  runtime,
  {
    llm: LLAMA_SIZES['smollm2-135m'],
    integration: { kind },
    batch,
    questions: 1,
    audioTokens: Number(audioTokens),
    featureSize,
    textTokens,
    prepacking: settings.includes('prepacked'),
    checkpointing: settings.find((setting) => setting !== 'prepacked') ?? false,
  },
  (name) => {
    const { file, offset, byteLength } = stored(name)
    return { file, offset, byteLength }
  },
  (name) => initial.get(name) as Float32Array,
  {
    features: features.slice(0, batch * Number(audioTokens) * featureSize),
    ids: await whole('ids'),
    labels: await whole('labels'),
  },
)
for await (const _ of createInterface(process.stdin)) {
  const [start, started] = [performance.now(), process.cpuUsage()]
  const loss = await step.run()
  const milliseconds = performance.now() - start
  const { user, system } = process.cpuUsage(started)
  const cpuMilliseconds = (user + system) / 1000
  const peakMegabytes = peakMemoryMiB() * 1.048576
  process.stdout.write(`${JSON.stringify({ milliseconds, cpuMilliseconds, loss, peakMegabytes })}\n`)
}
await runtime.close()
