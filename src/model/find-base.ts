import { findCheckpoint } from '../hub/find-checkpoint.js'
import { shippedModel } from './find-model.js'

/**
 * Where a pretrained model lies that another is built on: one that ships, a path, or a name that `pal pull` knows.
 * @throws PalError that says how to pull it
 */
export async function findBase(name: string): Promise<string> {
  return shippedModel(name) ?? findCheckpoint(name)
}
