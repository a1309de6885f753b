import { PalError } from '../errors.js'
import { float16Overflow, narrowToFloat16, widenBfloat16, widenFloat16 } from './float-types.js'
import { readRange, withFile } from './read-range.js'
import {
  bytesPerElement,
  type Header,
  headerStart,
  parseHeader,
  type StoredTensor,
} from './safetensors-header.js'
import { writeAtomically } from './write-atomically.js'

export type { StoredTensor, StoredType } from './safetensors-header.js'

export interface SafetensorsFile extends Header {
  readonly path: string
}

export interface TensorToWrite {
  readonly name: string
  readonly shape: readonly number[]
  /** The numbers, or how to get them when their turn comes: a large file need never be in memory as a whole. */
  readonly data: Float32Array | (() => Promise<Float32Array | Uint8Array>)
  /** What to store the numbers as. Bytes are stored as they are. @default 'F32' */
  readonly dtype?: 'F32' | 'F16' | 'U8'
}

/**
 * Opens a safetensors file: the header is read and checked, the numbers stay in the file.
 * @throws PalError naming the file, and the tensor, for a file that cannot be read, is cut short or is malformed.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return withFile(path, KIND, async (file) => {
    const { size } = await file.stat()
    if (size < headerStart) {
      throw new PalError(`expected a safetensors file of at least 8 bytes, got ${size}`, { file: path })
    }
    const length = Buffer.from(await readRange(file, path, 0, headerStart)).readBigUInt64LE()
    if (length > BigInt(Math.min(longestHeader, size - headerStart))) {
      throw new PalError(
        `expected a header that fits in the file's ${size} bytes, got a length of ${length}`,
        {
          file: path,
          hint: 'The file is cut short or not a safetensors file. Fetch it again.',
        },
      )
    }
    return { path, ...parseHeader(await readRange(file, path, headerStart, Number(length)), path, size) }
  })
}

/**
 * A tensor's numbers, row after row. Float16, bfloat16 and int8 are widened exactly.
 * @throws PalError for other types, and for a file that has changed since it was opened.
 */
export async function readTensor(tensor: StoredTensor): Promise<Float32Array> {
  const { name, dtype, file: path, offset, byteLength } = tensor
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16' && dtype !== 'I8') {
    throw new PalError(`expected a tensor of F32, F16, BF16 or I8, got ${dtype}`, { file: path, key: name })
  }
  const { buffer } = await withFile(path, KIND, (file) => readRange(file, path, offset, byteLength))
  if (dtype === 'F32') return new Float32Array(buffer)
  if (dtype === 'I8') return Float32Array.from(new Int8Array(buffer))
  return dtype === 'F16' ? widenFloat16(new Uint16Array(buffer)) : widenBfloat16(new Uint16Array(buffer))
}

/** A tensor's bytes as they are stored. */
export function readBytes({ file: path, offset, byteLength }: StoredTensor): Promise<Uint8Array> {
  return withFile(path, KIND, (file) => readRange(file, path, offset, byteLength))
}

/**
 * Writes a safetensors file, whole or not at all. The data section starts at a multiple of 64 bytes, and so does
 * every tensor whose size is a multiple of 64: they come first, since the format allows no gap between tensors.
 * @throws PalError for a name given twice, numbers that do not fill the shape, or a number too large for float16.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const inOrder = [...tensors].sort((a, b) => alignmentOf(b) - alignmentOf(a))
  for (const tensor of inOrder) if (typeof tensor.data !== 'function') check(tensor, tensor.data, path)
  const header = writeHeader(inOrder, metadata, path)
  await writeAtomically(path, pieces(header, inOrder, path))
}

const KIND = 'a safetensors file'

/** The same bound as the reference implementation: a header of more than 100 MB is an attack, not a model. */
const longestHeader = 100_000_000
const alignment = 64

async function* pieces(
  header: Uint8Array,
  tensors: readonly TensorToWrite[],
  path: string,
): AsyncGenerator<Uint8Array> {
  yield header
  for (const tensor of tensors) {
    const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data
    check(tensor, data, path)
    const stored = tensor.dtype === 'F16' ? narrowToFloat16(data as Float32Array) : data
    yield new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
  }
}

function writeHeader(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
  path: string,
): Uint8Array {
  const entries = new Map<string, unknown>([['__metadata__', metadata]])
  let end = 0
  for (const tensor of tensors) {
    const { name, shape, dtype = 'F32' } = tensor
    if (entries.has(name)) throw new PalError('expected each name once', { file: path, key: name })
    const begin = end
    end += sizeOf(tensor)
    entries.set(name, { dtype, shape, data_offsets: [begin, end] })
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const padded = Math.ceil((headerStart + json.length) / alignment) * alignment
  const header = Buffer.alloc(padded, ' ')
  header.writeBigUInt64LE(BigInt(padded - headerStart))
  json.copy(header, headerStart)
  return header
}

function check({ name, shape, dtype }: TensorToWrite, data: Float32Array | Uint8Array, path: string): void {
  const count = countOf(shape)
  if (count !== data.length || !shape.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new PalError(`expected ${count} numbers for shape [${shape}], got ${data.length}`, {
      file: path,
      key: name,
    })
  }
  if (dtype !== 'F16') return
  const tooLarge = data.find((value) => Math.abs(value) >= float16Overflow && Number.isFinite(value))
  if (tooLarge === undefined) return
  throw new PalError(`expected numbers that float16 can hold (up to 65504), got ${tooLarge}`, {
    file: path,
    key: name,
    hint: 'Store this tensor as F32.',
  })
}

/** The bytes that it will take. */
export function sizeOf({ shape, dtype = 'F32' }: Pick<TensorToWrite, 'shape' | 'dtype'>): number {
  return countOf(shape) * bytesPerElement[dtype]
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** The largest power of two, 64 at most, that divides the tensor's size. */
function alignmentOf(tensor: TensorToWrite): number {
  const size = sizeOf(tensor) % alignment
  return size === 0 ? alignment : size & -size
}
