import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Graph } from '../graph/tensor.js'
import { Random } from '../random.js'
import { Runtime } from '../runtime/runtime.js'
import { meanNormalized } from './mean-normalization.js'

const BINS = 4
/** Frames. */
const REACH = 3
const CONFIG = {
  ...{ sampleRate: 16000, windowSize: 400, hopSize: 160, fftSize: 512, melBins: BINS },
  ...{ lowestFrequency: 50, highestFrequency: 8000, mean: -5, deviation: 4 },
}

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

test('every band loses its mean over the frames around that begin within the audio, weighed by their power', async () => {
  const spectrogram = drawn(8)
  const frames = 6
  const normalized = await normalize(spectrogram, [(frames - 1) * CONFIG.hopSize + 1])

  const rows = Array.from({ length: frames }, (_, t) => spectrogram.subarray(t * BINS, (t + 1) * BINS))
  const powers = rows.map((row) => Math.exp((CONFIG.deviation * row.reduce((a, b) => a + b)) / BINS))
  for (let t = 0; t < frames; t++) {
    const around = [...rows.keys()].filter((other) => Math.abs(other - t) <= REACH)
    const total = around.reduce((sum, other) => sum + powers[other]!, 0)
    for (let bin = 0; bin < BINS; bin++) {
      const mean = around.reduce((sum, other) => sum + (powers[other]! / total) * rows[other]![bin]!, 0)
      const at = t * BINS + bin
      assert.ok(Math.abs(normalized[at]! - (spectrogram[at]! - mean)) < 1e-5)
    }
  }
})

test('long after its end an audio has no mean', async () => {
  const spectrogram = drawn(12)
  const normalized = await normalize(spectrogram, [160])
  assert.deepEqual(normalized.slice(-BINS), spectrogram.slice(-BINS))
})

test('a filter and a level, which add the same to every frame, change nothing', async () => {
  const spectrogram = drawn(8)
  const coloured = spectrogram.map((value, i) => value + [0.5, -0.2, 0.1, 0.7][i % BINS]!)
  const [plain, changed] = await Promise.all([
    normalize(spectrogram, [8 * CONFIG.hopSize]),
    normalize(coloured, [8 * CONFIG.hopSize]),
  ])
  for (const [i, value] of plain.entries()) assert.ok(Math.abs(value - changed[i]!) < 1e-5)
})

test('an audio in a batch is normalized as it is alone, whatever follows its end', async () => {
  const [long, short] = [drawn(8), drawn(5)]
  const padded = new Float32Array(long.length).fill(3)
  padded.set(short)
  const together = await normalize(Float32Array.of(...long, ...padded), [8 * 160, 5 * 160])
  const alone = await normalize(short, [5 * 160])
  for (const [i, value] of alone.entries()) {
    assert.ok(Math.abs(value - together[long.length + i]!) < 1e-5)
  }
})

function drawn(frames: number): Float32Array {
  const random = new Random('spectrogram', frames)
  return Float32Array.from({ length: frames * BINS }, () => random.uniform(-2, 1))
}

async function normalize(spectrograms: Float32Array, lengths: readonly number[]): Promise<Float32Array> {
  const graph = new Graph()
  const frames = spectrograms.length / BINS / lengths.length
  const normalized = meanNormalized(
    graph.input('spectrogram', [lengths.length, frames, BINS]),
    graph.input('lengths', [lengths.length, 1]),
    CONFIG,
    (2 * REACH * CONFIG.hopSize) / CONFIG.sampleRate,
  )
  const program = await runtime.compile({ normalized })
  const { outputs } = await program.run({
    spectrogram: spectrograms,
    lengths: Float32Array.from(lengths),
  })
  await program.release()
  return outputs.normalized?.data as Float32Array
}
