import { Graph } from '../graph/tensor.js'
import { Runtime } from './runtime.js'

/** A process of its own for runtime.test.ts, which ends by itself when nothing is waited for any more. */
const runtime = await Runtime.start({ threads: 1 })
const program = await runtime.compile({ y: new Graph().input('x', [4]) })
const x = new Float32Array(4)
structuredClone(x, { transfer: [x.buffer] })
await program.run({ x }).catch(() => undefined)
