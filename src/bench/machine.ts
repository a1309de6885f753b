import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { matmul } from '../graph/matmul.js'
import { sum } from '../graph/reduce.js'
import { Graph } from '../graph/tensor.js'
import { Random } from '../random.js'
import { Arena } from '../runtime/arena.js'
import type { Runtime } from '../runtime/runtime.js'

/** What numbers are taken on. */
export interface Computer {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
}

/** And how busy it was then. */
export interface Machine extends Computer {
  /** Cores that others kept busy just before. */
  readonly load: number
}

export async function describeMachine(): Promise<Machine> {
  return { ...describeComputer(), load: await busyCores() }
}

export function describeComputer(): Computer {
  return {
    processor: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
  }
}

/** More than this of a core, and times are other work's, too. */
export const BUSY = 0.25

/** How many cores are busy while this process waits: not what a load average says, which remembers this one's own work. */
export async function busyCores(milliseconds = 300): Promise<number> {
  const [before, start] = [workedMilliseconds(), performance.now()]
  await delay(milliseconds)
  return (workedMilliseconds() - before) / (performance.now() - start)
}

/** Of all cores together. A core that waits for a disk does not work, and is not counted as idle either. */
function workedMilliseconds(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
}

/** What a machine does of the two things that take a model's time. */
export interface Rates {
  /** Multiply-adds per second of large float32 matrix products, in 10⁹. */
  readonly gemm: number
  /** Bytes per second read from memory, in 10⁹. */
  readonly bandwidth: number
}

/** The most that the machine did when it did nothing else: what shares are measured against. */
export interface Peaks extends Rates {
  readonly provider: string
  readonly threads: number
  /** Cores that others kept busy just before. */
  readonly load?: number
}

const ATTEMPTS = 5

/** Measured through the same runtime as everything else. */
export async function measurePeaks(runtime: Runtime): Promise<Rates> {
  return {
    gemm: await gemmRate(runtime),
    bandwidth: Math.max(await sumRate(runtime), await vectorRate(runtime)),
  }
}

/** Four products in a chain, [512, 2048]·[2048, 2048] each. */
async function gemmRate(runtime: Runtime): Promise<number> {
  const [rows, width, products] = [512, 2048, 4]
  const graph = new Graph()
  let states = graph.input('states', [rows, width])
  for (let i = 0; i < products; i++) states = matmul(states, graph.parameter(`weight${i}`, [width, width]))
  const y = sum(states, [0, 1])
  const program = await runtime.compile({ y }, { weights: matrices(width) })
  const feeds = { states: randomNumbers(rows * width, 1) }
  const seconds = await fastest(async () => (await program.run(feeds)).milliseconds / 1000)
  await program.release()
  return (products * rows * width * width) / seconds / 1e9
}

/** 512 MiB, more than any cache that this process has to itself. */
const [ROWS, COLUMNS] = [4096, 2 ** 15]

/** A sum over each row. */
async function sumRate(runtime: Runtime): Promise<number> {
  const graph = new Graph()
  const y = sum(graph.input('numbers', [ROWS, COLUMNS]), [1])
  const program = await runtime.compile({ y })
  const arena = new Arena([{ name: 'numbers', shape: [ROWS, COLUMNS] }])
  arena.flat.fill(0.5)
  const seconds = await fastest(async () => (await program.run({}, arena)).milliseconds / 1000)
  await program.release()
  return (ROWS * COLUMNS * 4) / seconds / 1e9
}

/** A product of one row with many matrices: what decoding does at float32. */
async function vectorRate(runtime: Runtime): Promise<number> {
  const [width, products] = [2048, 32]
  const graph = new Graph()
  let states = graph.input('states', [1, width])
  const names = Array.from({ length: products }, (_, i) => `weight${i}`)
  for (const name of names) states = matmul(states, graph.parameter(name, [width, width]))
  const program = await runtime.compile({ y: states }, { weights: matrices(width) })
  const feeds = { states: randomNumbers(width, 1) }
  const seconds = await fastest(async () => (await program.run(feeds)).milliseconds / 1000)
  await program.release()
  return (products * width * width * 4) / seconds / 1e9
}

/**
 * A matrix for each name. No two are alike: ONNX Runtime keeps equal ones once, and what is read again comes from a cache,
 * not from memory.
 */
function matrices(width: number): (name: string) => Float32Array {
  const numbers = randomNumbers(width * width, 1 / Math.sqrt(width))
  let made = 0
  return () => {
    const matrix = numbers.slice()
    matrix[0] = ++made / width
    return matrix
  }
}

/** The least of some attempts, behind one that warms up. */
export async function fastest(attempt: () => Promise<number>, attempts = ATTEMPTS): Promise<number> {
  await attempt()
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < attempts; i++) best = Math.min(best, await attempt())
  return best
}

export function randomNumbers(count: number, deviation: number): Float32Array {
  const random = new Random('numbers')
  return Float32Array.from({ length: count }, () => random.normal() * deviation)
}
