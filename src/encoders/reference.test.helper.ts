import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Graph, type Tensor } from '../graph/tensor.js'
import type { OpenedEncoder } from '../model/checkpoints/open-encoder.js'
import type { Runtime } from '../runtime/runtime.js'

/** A folder of src/encoders/fixtures. The compiler does not copy fixtures, so they are found from the package's root. */
export function fixture(name: string): string {
  const path = join('src/encoders/fixtures', name)
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, path))) folder = dirname(folder)
  return join(folder, path)
}

/** The sound of reference/encoders.py: a tone, a sweep and noise, rounded to 16 bits. */
export function sound(samples: number, rate: number): Float32Array {
  let state = 12345n
  return Float32Array.from({ length: samples }, (_, i) => {
    state = (state * 1103515245n + 12345n) % 2n ** 31n
    const noise = Number(state) / 2 ** 31 - 0.5
    const time = i / rate
    const tone = 0.3 * Math.sin(2 * Math.PI * 440 * time)
    const sweep = 0.2 * Math.sin(2 * Math.PI * (200 + 900 * time) * time)
    const loudness = 0.6 + 0.4 * Math.sin(5 * time)
    return Math.round((tone + sweep + 0.4 * noise) * loudness * 20000) / 32768
  })
}

/** What is built over waveforms of one length [waves, samples] makes of them. */
export async function made(
  runtime: Runtime,
  opened: OpenedEncoder,
  waves: readonly Float32Array[],
  build: (graph: Graph, waveform: Tensor) => Tensor,
): Promise<Float32Array> {
  const graph = new Graph()
  const waveform = graph.input('waveform', [waves.length, waves[0]!.length])
  const program = await runtime.compile({ out: build(graph, waveform) }, opened)
  const fed = Float32Array.from(waves.flatMap((wave) => [...wave]))
  const { outputs } = await program.run({ waveform: fed })
  await program.release()
  return outputs.out!.data as Float32Array
}
