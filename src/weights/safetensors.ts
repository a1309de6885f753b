import { type FileHandle, open } from 'node:fs/promises'
import { PalError } from '../errors.js'
import { float16Overflow, narrowToFloat16, widenBfloat16, widenFloat16 } from './float-types.js'
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
  readonly data: Float32Array
  /** What to store the numbers as. @default 'F32' */
  readonly dtype?: 'F32' | 'F16'
}

/**
 * Opens a safetensors file: the header is read and checked, the numbers stay in the file.
 * @throws PalError naming the file, and the tensor, for a file that cannot be read, is cut short or is malformed.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return withFile(path, async (file) => {
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
 * A tensor's numbers, row after row. Float16 and bfloat16 are widened exactly.
 * @throws PalError for whole-number types, and for a file that has changed since it was opened.
 */
export async function readTensor(tensor: StoredTensor): Promise<Float32Array> {
  const { name, dtype, file: path, offset, byteLength } = tensor
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw new PalError(`expected a tensor of F32, F16 or BF16, got ${dtype}`, { file: path, key: name })
  }
  const { buffer } = await withFile(path, (file) => readRange(file, path, offset, byteLength))
  if (dtype === 'F32') return new Float32Array(buffer)
  return dtype === 'F16' ? widenFloat16(new Uint16Array(buffer)) : widenBfloat16(new Uint16Array(buffer))
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
  for (const tensor of inOrder) check(tensor, path)
  const header = writeHeader(inOrder, metadata, path)
  await writeAtomically(path, pieces(header, inOrder))
}

/** The same bound as the reference implementation: a header of more than 100 MB is an attack, not a model. */
const longestHeader = 100_000_000
const alignment = 64

function* pieces(header: Uint8Array, tensors: readonly TensorToWrite[]): Generator<Uint8Array> {
  yield header
  for (const { data, dtype } of tensors) {
    const stored = dtype === 'F16' ? narrowToFloat16(data) : data
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

function check({ name, shape, data, dtype }: TensorToWrite, path: string): void {
  const count = shape.reduce((product, size) => product * size, 1)
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

function sizeOf({ data, dtype = 'F32' }: TensorToWrite): number {
  return data.length * bytesPerElement[dtype]
}

/** The largest power of two, 64 at most, that divides the tensor's size. */
function alignmentOf(tensor: TensorToWrite): number {
  const size = sizeOf(tensor) % alignment
  return size === 0 ? alignment : size & -size
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw new PalError('expected a safetensors file that can be read', { file: path, cause })
  }
  try {
    if (!(await file.stat()).isFile()) throw new PalError('expected a file', { file: path })
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Bytes in a buffer of their own, so that they can be seen as numbers of any width. */
async function readRange(file: FileHandle, path: string, offset: number, length: number) {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    // One read can take no more than 2 GiB.
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), offset + done)
    if (bytesRead === 0) {
      throw new PalError(`expected ${length} bytes at byte ${offset}, got ${done}`, {
        file: path,
        hint: 'The file has become shorter since it was opened.',
      })
    }
    done += bytesRead
  }
  return bytes
}
