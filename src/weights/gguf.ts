import { PalError } from '../errors.js'
import { dequantize } from './dequantize.js'
import { type GgufHeader, type GgufTensor, parseGguf } from './gguf-header.js'
import { readRange, withFile } from './read-range.js'

export type { GgufTensor, GgufValue } from './gguf-header.js'

export interface GgufFile extends GgufHeader {
  readonly path: string
}

/**
 * Opens a GGUF file: the header is read and checked, the numbers stay in the file.
 * @throws PalError naming the file, and the key or tensor, for a file that cannot be read, is cut short, is malformed
 *   or is one part of several
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const header = await withFile(path, KIND, async (file) => {
    const { size } = await file.stat()
    for (let length = Math.min(size, FIRST_PIECE); ; length = Math.min(size, LONGEST_HEADER, length * 4)) {
      const header = parseGguf(await readRange(file, path, 0, length), path, size)
      if (header) return header
      if (length < LONGEST_HEADER) continue
      throw new PalError(`expected a header of at most ${LONGEST_HEADER} bytes, got a longer one`, {
        file: path,
      })
    }
  })
  const parts = header.metadata.get('split.count')
  if (typeof parts === 'number' && parts > 1) {
    throw new PalError(`expected a model in one file, got one part of ${parts}`, {
      file: path,
      key: 'split.count',
      hint: 'Join the parts first: llama-gguf-split --merge FIRST-PART JOINED.gguf',
    })
  }
  return { path, ...header }
}

/**
 * A tensor's numbers, row after row: what its blocks stand for, exactly as ggml computes it in float32.
 * @throws PalError for a file that has become shorter since it was opened
 */
export async function readGgufTensor({
  dtype,
  file: path,
  offset,
  byteLength,
}: GgufTensor): Promise<Float32Array> {
  return dequantize(await withFile(path, KIND, (file) => readRange(file, path, offset, byteLength)), dtype)
}

const KIND = 'a GGUF file'
/** Vocabularies of 128 thousand tokens and their merges take 8 MB. */
const FIRST_PIECE = 2 ** 24
/** Ten times the largest that is known. */
const LONGEST_HEADER = 2 ** 28
