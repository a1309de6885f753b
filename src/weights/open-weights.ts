import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PalError } from '../errors.js'
import { openSafetensors, type StoredTensor } from './safetensors.js'

/**
 * The tensors of a model's folder in the Hugging Face layout, by name: `model.safetensors`, or the shards that
 * `model.safetensors.index.json` lists. The numbers stay in the files.
 * @throws PalError for a folder without weights, and for an index and shards that do not agree.
 */
export async function openWeights(folder: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const single = join(folder, 'model.safetensors')
  if (await exists(single)) return (await openSafetensors(single)).tensors
  const index = join(folder, 'model.safetensors.index.json')
  if (await exists(index)) return openShards(folder, index)
  throw new PalError('expected model.safetensors or model.safetensors.index.json, got neither', {
    file: folder,
    hint: 'Weights in other formats (.bin, .pt) have to be saved as safetensors first.',
  })
}

async function openShards(folder: string, index: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const shardOf = await readIndex(index)
  const tensors = new Map<string, StoredTensor>()
  for (const shard of new Set(shardOf.values())) {
    const file = await openSafetensors(join(folder, shard))
    for (const [name, tensor] of file.tensors) {
      if (!shardOf.has(name)) {
        throw new PalError(`expected the index to list every tensor, got "${name}" in ${shard} only`, {
          file: index,
        })
      }
      if (shardOf.get(name) === shard) tensors.set(name, tensor)
    }
  }
  for (const [name, shard] of shardOf) {
    if (tensors.has(name)) continue
    throw new PalError(`expected tensor "${name}" in ${shard}, as the index says, got none`, { file: index })
  }
  return tensors
}

async function readIndex(file: string): Promise<ReadonlyMap<string, string>> {
  let weightMap: unknown
  try {
    weightMap = (JSON.parse(await readFile(file, 'utf8')) as { weight_map?: unknown } | null)?.weight_map
  } catch (cause) {
    throw new PalError('expected an index of JSON', { file, cause })
  }
  if (typeof weightMap !== 'object' || weightMap === null) {
    throw new PalError('expected the shard of each tensor by name', { file, key: 'weight_map' })
  }
  return new Map(
    Object.entries(weightMap).map(([name, shard]) => {
      // An index may come from anywhere; it must not make us open files outside of its folder.
      if (typeof shard === 'string' && shard === basename(shard) && shard.endsWith('.safetensors')) {
        return [name, shard]
      }
      throw new PalError(`expected a safetensors file of this folder, got ${JSON.stringify(shard)}`, {
        file,
        key: `weight_map, ${name}`,
      })
    }),
  )
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
