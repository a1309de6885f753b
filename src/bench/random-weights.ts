import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelConfig } from '../model/config/config.js'
import { isMatrix } from '../model/network/matrices.js'
import { modelParameters } from '../model/network/parameters.js'
import { Random } from '../random.js'
import type { WeightSource } from '../runtime/runtime.js'
import { fitsBlocks, openBlockFile } from '../weights/block-tensors.js'
import { BLOCK_SIZE } from '../weights/blocks.js'
import { type TensorToWrite, writeSafetensors } from '../weights/safetensors.js'

/**
 * Random weights of any model, in files that are made once: the language model's in one, whatever hears in another,
 * both in one folder so that the runtime can map them together. What they are does not matter for what they cost, so
 * long as they are ordinary numbers, which repeat after a million, and no two weights are alike: ONNX Runtime keeps equal ones once,
 * and a model of few matrices would come from a cache.
 *
 * @param bits of the language model's matrices
 * @param parts that are wanted
 */
export async function randomWeights(
  config: ModelConfig,
  bits: 4 | 8 | 32,
  folder: string,
  parts: readonly ('language' | 'others')[] = ['language', 'others'],
): Promise<(name: string) => WeightSource | undefined> {
  await mkdir(folder, { recursive: true })
  // By name: integrations come upon the language model's weights in different orders.
  const parameters = [...modelParameters(config)]
    .map(([name, { shape }]) => ({ name, shape }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const language = parameters.filter(({ name }) => name.startsWith('llm.'))
  const others = parameters.filter(({ name }) => !name.startsWith('llm.'))
  const sources = new Map<string, WeightSource>()
  for (const which of parts) {
    const [part, precision] = which === 'language' ? [language, bits] : [others, 32 as const]
    const hash = createHash('sha256')
      .update(JSON.stringify([NUMBERS, part]))
      .digest('hex')
      .slice(0, 16)
    const file = join(folder, `random-${hash}-${precision}bit.safetensors`)
    if (!existsSync(file))
      await writeSafetensors(
        file,
        part.flatMap((one) => tensorsOf(one, precision)),
      )
    const { blocks, others: plain } = await openBlockFile(file)
    for (const [name, source] of [...plain, ...blocks]) sources.set(name, source)
  }
  return (name) => sources.get(name)
}

/** Changes with the numbers: files hold what they held. */
const NUMBERS = 3

interface Parameter {
  readonly name: string
  readonly shape: readonly number[]
}

function tensorsOf({ name, shape }: Parameter, bits: 4 | 8 | 32): readonly TensorToWrite[] {
  const count = shape.reduce((product, size) => product * size, 1)
  const columns = shape.at(-1) ?? 1
  const isGain = shape.length === 1 && name.endsWith('norm.weight')
  const mean = isGain ? 1 : 0
  const deviation = shape.length === 1 ? 0.02 : 1 / Math.sqrt(columns)
  if (bits === 32 || !isMatrix(name) || !fitsBlocks(shape)) {
    return [{ name, shape, data: async () => repeated(name, count, mean, deviation) }]
  }
  const [rows] = shape as readonly [number, number]
  // Even numbers of b bits deviate by 2^b/√12.
  const scale = (deviation * Math.sqrt(12)) / 2 ** bits
  return [
    {
      name,
      shape: [rows, (columns * bits) / 8],
      dtype: 'U8',
      data: async () => bytes(name, (count * bits) / 8),
    },
    {
      name: `${name}.scales`,
      shape: [rows, columns / BLOCK_SIZE],
      data: async () => scales(name, count / BLOCK_SIZE, scale),
    },
  ]
}

const POOL = 2 ** 20
let normals: Float32Array | undefined
let anyBytes: Uint8Array | undefined

function repeated(name: string, count: number, mean: number, deviation: number): Float32Array {
  const random = new Random('pool')
  normals ??= Float32Array.from({ length: POOL }, () => random.normal())
  const numbers = fill(new Float32Array(count), normals, name)
  for (let i = 0; i < count; i++) numbers[i] = mean + deviation * (numbers[i] as number)
  return numbers
}

function bytes(name: string, count: number): Uint8Array {
  const random = new Random('bytes')
  anyBytes ??= Uint8Array.from({ length: POOL }, () => random.integer(256))
  return fill(new Uint8Array(count), anyBytes, name)
}

/** All but the first alike. */
function scales(name: string, count: number, scale: number): Float32Array {
  const numbers = new Float32Array(count).fill(scale)
  numbers[0] = scale * new Random(name).uniform(0.5, 1)
  return numbers
}

/** From the pool, over and over; each weight begins elsewhere in it. */
function fill<Numbers extends Float32Array | Uint8Array>(
  numbers: Numbers,
  pool: Numbers,
  name: string,
): Numbers {
  let from = new Random(name).integer(POOL)
  for (let at = 0; at < numbers.length; ) {
    const part = pool.subarray(from, from + numbers.length - at)
    numbers.set(part, at)
    at += part.length
    from = 0
  }
  return numbers
}
