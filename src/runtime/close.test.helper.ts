import { setTimeout } from 'node:timers/promises'
import { matmul } from '../graph/matmul.js'
import { Graph } from '../graph/tensor.js'
import { Runtime } from './runtime.js'

/**
 * A process of its own for close.test.ts: what goes wrong here aborts it. Ends runtimes that compile or run, by closing
 * them, or itself with the first.
 */
const [how, delays] = process.argv.slice(2)
for (const delay of JSON.parse(delays as string) as number[]) {
  const runtime = await Runtime.start({ threads: 1 })
  const ended = work(runtime).catch((error: Error) => error.message)
  await setTimeout(delay)
  if (how === 'exit') process.exit(3)
  await runtime.close()
  const why = await ended
  if (why !== 'the runtime is closed') throw new Error(`ended with: ${why}`)
}

async function work(runtime: Runtime): Promise<never> {
  const graph = new Graph()
  const input = graph.input('input', [256, 256])
  let output = input
  for (let i = 0; i < 30; i++) output = matmul(output, input)
  const program = await runtime.compile({ output })
  for (;;) await program.run({ input: new Float32Array(256 * 256) })
}
