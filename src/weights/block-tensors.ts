import { PalError } from '../errors.js'
import { type Bits, BLOCK_SIZE, type Blocks, fromBlocks, toBlocks } from './blocks.js'
import {
  openSafetensors,
  readBytes,
  readTensor,
  type StoredTensor,
  type TensorToWrite,
} from './safetensors.js'

/** A matrix in blocks as it lies in a file: its values under its own name, its scales under `NAME.scales`. */
export interface StoredBlocks {
  /** [rows, columns] of the numbers that they stand for. */
  readonly shape: readonly number[]
  readonly bits: Bits
  readonly blockSize: number
  readonly values: StoredTensor
  readonly scales: StoredTensor
}

const SCALES = '.scales'

/**
 * The matrices in blocks among a file's tensors, by name: bytes [rows, columns·bits/8] beside scales [rows, columns/32].
 * @throws PalError for bytes whose scales are missing or do not fit
 */
export function storedBlocks(tensors: ReadonlyMap<string, StoredTensor>): ReadonlyMap<string, StoredBlocks> {
  const found = new Map<string, StoredBlocks>()
  for (const [name, values] of tensors) {
    if (values.dtype !== 'U8') continue
    const scales = tensors.get(`${name}${SCALES}`)
    const [rows = 0, bytes = 0] = values.shape
    const [scaleRows, blocks = 0] = scales?.shape ?? []
    const columns = blocks * BLOCK_SIZE
    const bits = (8 * bytes) / columns
    const fits = values.shape.length === 2 && scales?.shape.length === 2 && rows === scaleRows
    if (!fits || scales?.dtype !== 'F32' || (bits !== 4 && bits !== 8)) {
      throw new PalError(
        `expected scales [rows, columns/32] beside bytes [rows, columns/2] or [rows, columns], got [${scales?.shape ?? 'none'}] beside [${values.shape}]`,
        { file: values.file, key: name },
      )
    }
    found.set(name, { shape: [rows, columns], bits, blockSize: BLOCK_SIZE, values, scales })
  }
  return found
}

/** Does a tensor hold the scales of another one? */
export function isScales(name: string, tensors: ReadonlyMap<string, StoredTensor>): boolean {
  return name.endsWith(SCALES) && tensors.get(name.slice(0, -SCALES.length))?.dtype === 'U8'
}

/** The numbers that stored blocks stand for. */
export async function readBlocks({ bits, values, scales }: StoredBlocks): Promise<Float32Array> {
  return fromBlocks({ values: await readBytes(values), scales: await readTensor(scales) }, bits)
}

export interface Matrix {
  readonly name: string
  readonly shape: readonly number[]
  read(): Promise<Float32Array>
}

/** A matrix as two tensors to write; it is read and rounded when the first one's turn comes. */
export function blocksToWrite(
  { name, shape, read }: Matrix,
  bits: Bits,
  onRounded: (numbers: Float32Array, blocks: Blocks) => void = () => undefined,
): readonly TensorToWrite[] {
  const [rows, columns] = shape as readonly [number, number]
  let rounded: Promise<Blocks> | undefined
  const round = async () => {
    const numbers = await read()
    const blocks = toBlocks(numbers, bits)
    onRounded(numbers, blocks)
    return blocks
  }
  const take = async (part: keyof Blocks) => {
    const isSecond = rounded !== undefined
    rounded ??= round()
    const blocks = await rounded
    if (isSecond) rounded = undefined // Both are written: nothing need be kept.
    return blocks[part]
  }
  return [
    { name, shape: [rows, (columns * bits) / 8], dtype: 'U8', data: () => take('values') },
    { name: `${name}${SCALES}`, shape: [rows, columns / BLOCK_SIZE], data: () => take('scales') },
  ]
}

/** Can a weight be stored in blocks? Its rows must be whole blocks. */
export function fitsBlocks(shape: readonly number[]): boolean {
  return shape.length === 2 && shape[1]! % BLOCK_SIZE === 0
}

/** Opens a file's tensors: what is in blocks, and the rest. */
export async function openBlockFile(path: string): Promise<{
  readonly blocks: ReadonlyMap<string, StoredBlocks>
  readonly others: ReadonlyMap<string, StoredTensor>
}> {
  const { tensors } = await openSafetensors(path)
  const blocks = storedBlocks(tensors)
  const others = [...tensors].filter(([name]) => !blocks.has(name) && !isScales(name, tensors))
  return { blocks, others: new Map(others) }
}
