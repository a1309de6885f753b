import { PalError } from '../errors.js'
import { add } from '../graph/elementwise.js'
import { Graph } from '../graph/tensor.js'
import type { Runtime } from './runtime.js'

/**
 * Adds one and one. ONNX Runtime may hold an execution provider whose device or driver this machine lacks, which
 * shows only when it is used.
 *
 * @throws PalError when the runtime cannot do it
 */
export async function probe(runtime: Runtime, provider: string): Promise<void> {
  try {
    const graph = new Graph()
    const program = await runtime.compile({ sum: add(graph.input('a', [1]), 1) })
    const { outputs } = await program.run({ a: new Float32Array([1]) })
    await program.release()
    if (outputs.sum?.data[0] !== 2) throw new Error(`1 + 1 gave ${outputs.sum?.data[0]}`)
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]?.slice(0, 200)
    throw new PalError(
      `expected an execution provider that works on this machine, got "${provider}": ${reason}`,
      {
        key: 'provider',
        hint: 'Run `pal doctor` to see which work. "cpu" works everywhere.',
        cause,
      },
    )
  }
}
