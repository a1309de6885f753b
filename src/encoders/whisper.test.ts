import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../graph/tensor.js'
import { Scope } from '../nn/scope.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { type WhisperConfig, whisper, withWindow } from './whisper.js'

const CONFIG: WhisperConfig = {
  kind: 'whisper',
  ...{ sampleRate: 16000, hopSize: 160, melBins: 80 },
  ...{ hiddenSize: 8, layers: 1, heads: 2, feedForwardSize: 16, windowSeconds: 2 },
}

test('a shorter window hears with the first of the positions, and nothing else changes', async () => {
  const random = new Random('window')
  const waveform = Float32Array.from({ length: 8000 }, () => random.normal())
  const short = await tokensOf(withWindow(CONFIG, 0.5), waveform)
  const cut = await tokensOf({ ...CONFIG, windowSeconds: 0.5 }, waveform)
  assert.deepEqual(short, cut)
  const whole = await tokensOf(CONFIG, waveform)
  assert.equal(short.length, whole.length)
  assert.notDeepEqual(short, whole)
})

test('a window that the weights know no positions for is told', () => {
  assert.equal(withWindow(withWindow(CONFIG, 1), 2).windowSeconds, 2)
  assert.throws(() => withWindow(CONFIG, 2.5), /at most 2 s, in whole steps of 0.02 s, got 2.5 s/)
  assert.throws(() => withWindow(CONFIG, 0.03), /got 0.03 s/)
  assert.throws(() => withWindow(CONFIG, 0), /got 0 s/)
})

/** With weights that depend on their names alone, a table's rows on their number. */
async function tokensOf(config: WhisperConfig, waveform: Float32Array): Promise<Float32Array> {
  const graph = new Graph()
  const tokens = whisper(new Scope(graph), config, {
    waveform: graph.input('waveform', [1, waveform.length]),
  })
  const runtime = await Runtime.start({ threads: 1 })
  try {
    const program = await runtime.compile({ tokens })
    const weights = [...graph.parameters].map(([name, { shape }]) => {
      const random = new Random(name)
      const length = shape.map(Number).reduce((a, b) => a * b, 1)
      return [name, Float32Array.from({ length }, () => random.normal() / 4)] as const
    })
    const { outputs } = await program.run({ waveform, ...Object.fromEntries(weights) })
    return outputs.tokens?.data as Float32Array
  } finally {
    await runtime.close()
  }
}
