import { PalError } from '../errors.js'
import { quoted } from '../quoted.js'
import { duplicateKey } from './duplicate-key.js'

export type StoredType = 'F32' | 'F16' | 'BF16' | 'I8' | 'U8' | 'I32' | 'I64'

/** Where a tensor's numbers lie: `offset` bytes from the start of the file, little-endian, row after row. */
export interface StoredTensor {
  readonly name: string
  readonly dtype: StoredType
  readonly shape: readonly number[]
  readonly file: string
  readonly offset: number
  readonly byteLength: number
}

export const bytesPerElement: Readonly<Record<StoredType, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  I8: 1,
  U8: 1,
  I32: 4,
  I64: 8,
}

/** The header's length is written in the file's first 8 bytes. */
export const headerStart = 8

export interface Header {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Reads the JSON header of a safetensors file of `fileSize` bytes. A header is untrusted: what comes back lies
 * within the file, and every byte of the data section belongs to exactly one tensor.
 * @throws PalError naming the file and the tensor for anything else.
 */
export function parseHeader(bytes: Uint8Array, file: string, fileSize: number): Header {
  const { __metadata__: metadata = {}, ...entries } = parseJson(bytes, file)
  const dataStart = headerStart + bytes.length
  const tensors = Object.entries(entries).map(([name, entry]) => parseTensor(entry, name, file, dataStart))
  checkCoverage(tensors, file, dataStart, fileSize)
  return { tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])), metadata: texts(metadata, file) }
}

function parseJson(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    header = JSON.parse(text)
  } catch (cause) {
    throw new PalError('expected a safetensors header of JSON in UTF-8, got something else', {
      file,
      hint: 'The file is damaged or of another format. Fetch it again.',
      cause,
    })
  }
  if (!isObject(header)) throw new PalError('expected a header that is one JSON object', { file })
  const twice = duplicateKey(text)
  if (twice === undefined) return header
  throw new PalError('expected each name once in the header, got it twice', { file, key: named(twice) })
}

function parseTensor(entry: unknown, name: string, file: string, dataStart: number): StoredTensor {
  const refuse = (expected: string, given: unknown) =>
    new PalError(`expected ${expected}, got ${quoted(given)}`, { file, key: named(name) })
  if (!isObject(entry)) throw refuse('an object with dtype, shape and data_offsets', entry)
  const { dtype, shape, data_offsets: offsets } = entry
  if (!isStoredType(dtype))
    throw refuse(`dtype to be one of ${Object.keys(bytesPerElement).join(', ')}`, dtype)
  if (!Array.isArray(shape) || !shape.every(isSize)) throw refuse('a shape of whole numbers', shape)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw refuse('data_offsets to be two whole numbers', offsets)
  }
  const [begin, end] = offsets as [number, number]
  const needed = byteLength(shape, dtype)
  if (!Number.isSafeInteger(needed)) throw refuse('a shape whose size can be counted', shape)
  if (end - begin !== needed) {
    throw refuse(`${needed} bytes for shape [${shape}] of ${dtype}`, `bytes ${begin} to ${end}`)
  }
  return { name, dtype, shape, file, offset: dataStart + begin, byteLength: needed }
}

/** NaN where a partial product already exceeds what a number can count, even if a later dimension is 0. */
function byteLength(shape: readonly number[], dtype: StoredType): number {
  let product = bytesPerElement[dtype]
  for (const size of shape) {
    product *= size
    if (!Number.isSafeInteger(product)) return Number.NaN
  }
  return product
}

/** The tensors must tile the data section: no overlap, no hole in which something could be hidden. */
function checkCoverage(
  tensors: readonly StoredTensor[],
  file: string,
  dataStart: number,
  fileSize: number,
): void {
  const inOrder = [...tensors].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength)
  let end = dataStart
  for (const tensor of inOrder) {
    if (tensor.offset !== end) {
      const fault = tensor.offset < end ? 'overlapping the tensor before it' : 'leaving a hole before it'
      throw new PalError(`expected its data to start at byte ${end}, got ${tensor.offset}, ${fault}`, {
        file,
        key: named(tensor.name),
      })
    }
    end += tensor.byteLength
    if (end > fileSize) {
      throw new PalError(`expected its data to end at byte ${end}, got a file of ${fileSize} bytes`, {
        file,
        key: named(tensor.name),
        hint: 'The file is cut short. Fetch it again.',
      })
    }
  }
  if (end < fileSize) {
    throw new PalError(
      `expected the file to end after its last tensor, at byte ${end}, got ${fileSize} bytes`,
      {
        file,
      },
    )
  }
}

function texts(metadata: unknown, file: string): Readonly<Record<string, string>> {
  if (isObject(metadata) && Object.values(metadata).every((value) => typeof value === 'string')) {
    return metadata as Record<string, string>
  }
  throw new PalError(`expected texts by name, got ${quoted(metadata)}`, { file, key: '__metadata__' })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStoredType(value: unknown): value is StoredType {
  return typeof value === 'string' && Object.hasOwn(bytesPerElement, value)
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function named(name: string): string {
  return `tensor ${quoted(name)}`
}
