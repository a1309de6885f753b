import { PalError } from '../errors.js'
import { escaped, quoted } from '../quoted.js'
import { GgufReader, type GgufValue } from './gguf-reader.js'
import { type GgufType, ggufTypes, isGgufType, unreadableGgufTypes } from './gguf-types.js'

export type { GgufValue } from './gguf-reader.js'

/** Where a tensor's blocks lie: `offset` bytes from the start of the file. */
export interface GgufTensor {
  readonly name: string
  readonly dtype: GgufType
  /** Row after row: the last dimension is the one whose numbers are neighbours (GGUF itself writes it first). */
  readonly shape: readonly number[]
  readonly file: string
  readonly offset: number
  readonly byteLength: number
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>
  readonly tensors: ReadonlyMap<string, GgufTensor>
}

/**
 * Reads the header of a GGUF file (version 2 and 3, little-endian; docs/gguf.md of the ggml project) of `fileSize`
 * bytes. A header is untrusted: what comes back lies within the file, tensors do not overlap, and nothing is
 * allocated that the file's own bytes do not back.
 *
 * @param bytes the file's first bytes, as many as are at hand
 * @returns undefined if the header goes on behind them
 * @throws PalError naming the file and the key or tensor for anything that is not as it should be
 */
export function parseGguf(bytes: Uint8Array, file: string, fileSize: number): GgufHeader | undefined {
  const reader = new GgufReader(bytes, file, fileSize)
  try {
    return readHeader(reader, file, fileSize)
  } catch (error) {
    if (error === GgufReader.moreNeeded) return undefined
    throw error
  }
}

/** The least that an entry can take: an empty name, a type and a value of one byte. */
const SMALLEST_ENTRY = 8 + 4 + 1
/** An empty name, no dimensions, a type and an offset. */
const SMALLEST_TENSOR = 8 + 4 + 4 + 8
const MOST_DIMENSIONS = 4

function readHeader(reader: GgufReader, file: string, fileSize: number): GgufHeader {
  checkStart(reader, file)
  const tensorCount = reader.count('tensors', SMALLEST_TENSOR)
  const entryCount = reader.count('entries', SMALLEST_ENTRY)
  const metadata = new Map<string, GgufValue>()
  for (let i = 0; i < entryCount; i++) {
    const key = reader.text(`the key of entry ${i}`)
    if (metadata.has(key))
      throw new PalError('expected each key once, got it twice', { file, key: escaped(key) })
    metadata.set(key, reader.value(key))
  }
  const infos = Array.from({ length: tensorCount }, (_, i) => readTensorInfo(reader, i, file))
  const alignment = alignmentOf(metadata, file)
  const start = aligned(reader.position, alignment)
  const tensors = new Map<string, GgufTensor>()
  for (const info of infos) {
    if (tensors.has(info.name)) {
      throw new PalError('expected each tensor once, got it twice', { file, key: named(info.name) })
    }
    tensors.set(info.name, { ...info, offset: start + info.offset })
  }
  checkPlaces([...tensors.values()], file, start, alignment, fileSize)
  return { metadata, tensors }
}

function checkStart(reader: GgufReader, file: string): void {
  const magic = reader.uint32('the first four bytes')
  if (magic !== 0x46554747) {
    throw new PalError('expected a GGUF file, which begins with "GGUF", got something else', { file })
  }
  const version = reader.uint32('the version')
  if (version === 2 || version === 3) return
  const swapped = version % 65536 === 0
  throw new PalError(
    swapped
      ? 'expected a little-endian GGUF file, got a big-endian one'
      : `expected GGUF version 2 or 3, got ${version}`,
    { file, hint: 'Convert the model again with a current llama.cpp.' },
  )
}

function readTensorInfo(reader: GgufReader, index: number, file: string): GgufTensor {
  const name = reader.text(`the name of tensor ${index}`)
  const refuse = (expected: string, given: string) =>
    new PalError(`expected ${expected}, got ${given}`, { file, key: named(name) })
  const dimensions = reader.uint32(named(name))
  if (dimensions > MOST_DIMENSIONS) throw refuse(`at most ${MOST_DIMENSIONS} dimensions`, `${dimensions}`)
  const sizes = Array.from({ length: dimensions }, () => reader.size(named(name)))
  const type = reader.uint32(named(name))
  const offset = reader.size(named(name))
  if (!isGgufType(type)) {
    const known = Object.values(ggufTypes).map((one) => one.name)
    throw refuse(`a type that can be read (${known.join(', ')})`, unreadableGgufTypes[type] ?? `type ${type}`)
  }
  const { name: dtype, numbers, bytes } = ggufTypes[type]
  const [row = 1] = sizes
  if (row % numbers !== 0) throw refuse(`rows of whole ${dtype} blocks of ${numbers}`, `rows of ${row}`)
  const byteLength = sizes.reduce(product, 1)
  if (Number.isNaN(byteLength)) throw refuse('a shape whose size can be counted', `[${sizes}]`)
  return { name, dtype, shape: sizes.reverse(), file, offset, byteLength: (byteLength / numbers) * bytes }
}

/** NaN where a product passes what a number can count, even if a later size is 0; blocks take up to 4 bytes each. */
function product(sofar: number, size: number): number {
  return Number.isSafeInteger(sofar * size * 4) ? sofar * size : Number.NaN
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, file: string): number {
  const alignment = metadata.get('general.alignment') ?? 32
  const isPower = typeof alignment === 'number' && alignment > 0 && Number.isInteger(Math.log2(alignment))
  if (isPower && alignment <= 2 ** 20) return alignment
  throw new PalError(`expected a power of two, 1 MiB at most, got ${quoted(alignment)}`, {
    file,
    key: 'general.alignment',
  })
}

/** Tensors must follow each other with nothing but padding between them, as llama.cpp demands too. */
function checkPlaces(
  tensors: readonly GgufTensor[],
  file: string,
  start: number,
  alignment: number,
  fileSize: number,
): void {
  let end = start
  for (const tensor of [...tensors].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength)) {
    if (tensor.offset !== end) {
      const fault = tensor.offset < end ? 'overlapping the tensor before it' : 'leaving a hole before it'
      throw new PalError(`expected its data to start at byte ${end}, got ${tensor.offset}, ${fault}`, {
        file,
        key: named(tensor.name),
      })
    }
    if (end + tensor.byteLength > fileSize) {
      throw new PalError(
        `expected its data to end at byte ${end + tensor.byteLength}, got a file of ${fileSize} bytes`,
        { file, key: named(tensor.name), hint: 'The file is cut short. Fetch it again.' },
      )
    }
    end = aligned(end + tensor.byteLength, alignment)
  }
  if (fileSize <= end) return
  throw new PalError(
    `expected the file to end after its last tensor, at byte ${end}, got ${fileSize} bytes`,
    {
      file,
    },
  )
}

function aligned(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment
}

function named(name: string): string {
  return `tensor ${quoted(name)}`
}
