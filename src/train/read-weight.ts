import { PalError } from '../errors.js'
import type { WeightSource } from '../runtime/runtime.js'
import { fromBlocks } from '../weights/blocks.js'
import { readRange, withFile } from '../weights/read-range.js'

/**
 * A weight's numbers, row after row.
 * @throws PalError for weights in blocks, which cannot be trained, and for a file that cannot be read
 */
export async function readWeight(source: WeightSource, name: string): Promise<Float32Array> {
  if ('bits' in source) {
    throw new PalError(`expected weights of full precision to train, got ${name} of ${source.bits} bits`, {
      hint: 'Train the model that was quantised, or leave its weights as they are (`trained` of the stages).',
    })
  }
  if (source instanceof Float32Array) return source
  if (source instanceof Uint8Array) {
    return new Float32Array(source.buffer, source.byteOffset, source.byteLength / 4)
  }
  const { file: path, offset, byteLength } = source
  const bytes = await withFile(path, 'weights', (file) => readRange(file, path, offset, byteLength))
  return new Float32Array(bytes.buffer)
}

/** As `readWeight`, but of weights in blocks what these stand for. */
export async function readNumbers(source: WeightSource, name: string): Promise<Float32Array> {
  if (!('bits' in source)) return readWeight(source, name)
  const { buffer, byteOffset, byteLength } = await readWeight(source.values, name)
  const values = new Uint8Array(buffer, byteOffset, byteLength)
  return fromBlocks({ values, scales: await readWeight(source.scales, name) }, source.bits)
}
