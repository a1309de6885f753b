import { join } from 'node:path'
import { PalError } from '../../errors.js'
import { openBlockFile } from '../../weights/block-tensors.js'
import { readTensor } from '../../weights/safetensors.js'
import { checkTensors } from '../checkpoints/check-tensors.js'
import { fingerprint, type StoredModel } from '../checkpoints/checkpoint.js'
import { type CopyOptions, mappedWeights } from '../checkpoints/float32-copy.js'
import { type OpenedEncoder, openEncoder } from '../checkpoints/open-encoder.js'
import { isModelFolder, readDescription } from '../config/model-description.js'
import { modelParameters } from '../network/parameters.js'

/**
 * Opens an encoder to build a model on: that of a model of ours, or one in Hugging Face's layout.
 * @throws PalError for what holds no encoder that can be one
 */
export async function openEncoderBase(folder: string, options: CopyOptions = {}): Promise<OpenedEncoder> {
  return (await isModelFolder(folder)) ? encoderOfModel(folder, options) : openEncoder(folder, options)
}

/** @throws PalError for a model of several encoders, and for one whose encoder is itself another's */
async function encoderOfModel(folder: string, options: CopyOptions): Promise<OpenedEncoder> {
  const { name, model, bases } = await readDescription(folder)
  const [only] = model.encoders
  if (!only || model.encoders.length > 1) {
    const names = model.encoders.map(({ name }) => name).join(', ')
    throw new PalError(`expected a model with one encoder, got one with several: ${names}`, { file: folder })
  }
  const prefix = `encoders.${only.name}.encoder.`
  const file = join(folder, 'model.safetensors')
  const tensors = withoutPrefix(prefix, (await openBlockFile(file)).others)
  const base = bases?.encoders?.[only.name]
  if (base && tensors.size === 0) {
    throw new PalError(`expected a model with an encoder of its own, got one that has that of ${base.name}`, {
      file: folder,
      hint: `Name that one: --encoder ${base.name}`,
    })
  }
  checkTensors(file, tensors, withoutPrefix(prefix, modelParameters(model)))
  const stored: StoredModel = {
    config: only.encoder,
    tensors: new Map(
      [...tensors].map(([name, tensor]) => [
        name,
        { shape: tensor.shape, stored: tensor, read: () => readTensor(tensor) },
      ]),
    ),
    file,
  }
  const sha256 = await fingerprint(stored)
  const places = await mappedWeights(stored, sha256, options)
  return { name, config: only.encoder, weights: (weight) => places.get(weight), sha256 }
}

function withoutPrefix<T>(prefix: string, named: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const inside = [...named].filter(([name]) => name.startsWith(prefix))
  return new Map(inside.map(([name, value]) => [name.slice(prefix.length), value]))
}
