import { join } from 'node:path'
import { PalError } from '../../errors.js'
import type { WeightSource } from '../../runtime/runtime.js'
import { blocksToWrite, openBlockFile } from '../../weights/block-tensors.js'
import type { Bits } from '../../weights/blocks.js'
import { isRounded } from '../network/matrices.js'
import type { StoredModel } from './checkpoint.js'
import { type CopyOptions, weightsCopy } from './float32-copy.js'

/**
 * A model's weights with its matrices in blocks of 4 or 8 bits, made at the first time that the model is opened so, and
 * found from then on, as `float32Copy` does.
 * @param options.within what the names of the language model's weights begin with. @default ''
 * @throws PalError if the copy cannot be written, and for a model that is in blocks already
 */
export async function blockCopy(
  model: StoredModel,
  sha256: string,
  bits: Bits,
  { within = '', ...options }: CopyOptions & { readonly within?: '' | 'llm.' } = {},
): Promise<ReadonlyMap<string, WeightSource>> {
  const beforeCopy = (fingerprint: string) => {
    options.beforeCopy?.(fingerprint)
    expectFullPrecision(model)
  }
  const place = (key: string) => join('blocks', `${key}-${within}${bits}bit`)
  const copy = await weightsCopy(model, sha256, { ...options, place, beforeCopy }, (tensor) =>
    isRounded(tensor, within)
      ? blocksToWrite(tensor, bits)
      : [{ name: tensor.name, shape: tensor.shape, data: tensor.read }],
  )
  const { blocks, others } = await openBlockFile(copy)
  return new Map<string, WeightSource>([...others, ...blocks])
}

function expectFullPrecision({ tensors, file }: StoredModel): void {
  if (![...tensors.values()].some(({ blocks }) => blocks)) return
  throw new PalError('expected a language model of full precision, got one that is quantised', { file })
}
