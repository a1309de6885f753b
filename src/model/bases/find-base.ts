import { findCheckpoint } from '../../hub/find-checkpoint.js'
import { shippedModel } from '../../hub/find-model.js'
import { nameInCache, parseModelName, writeModelName } from '../../hub/model-name.js'
import { type PullOptions, type PullProgress, pull } from '../../hub/pull.js'
import { hubSettings } from '../../hub/settings.js'

/**
 * Where a pretrained model lies that another is built on: one that ships, a path, or a name that `pal pull` knows.
 * @throws PalError that says how to pull it
 */
export async function findBase(name: string): Promise<string> {
  return shippedModel(name) ?? findCheckpoint(name)
}

/**
 * What to call a base in a model that is built on it, so that it is found by that anywhere: of a repository with GGUF files
 * one has to be named, although the one that was pulled is found without.
 */
export function nameOfBase(from: string, path: string): string {
  const [onHub, file] = [parseModelName(from), nameInCache(path)?.file]
  return onHub && file !== undefined ? writeModelName({ ...onHub, file }) : from
}

export interface Fetching extends Pick<PullOptions, 'signal' | 'onNotice'> {
  readonly onProgress?: (progress: PullProgress & { readonly name: string }) => void
}

/**
 * The same, fetching from the hub what is not on this machine.
 * @throws PalError for a name that is none of the hub, and as `pull` does
 */
export async function fetchBase(name: string, { onProgress, ...options }: Fetching): Promise<string> {
  const onHub = parseModelName(name)
  return findBase(name).catch(async (error: unknown) => {
    if (!onHub) throw error
    const pulled = await pull(onHub, await hubSettings(), {
      ...options,
      onProgress: (progress) => onProgress?.({ ...progress, name }),
    })
    return pulled.path
  })
}
