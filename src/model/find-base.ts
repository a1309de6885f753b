import { findCheckpoint } from '../hub/find-checkpoint.js'
import { parseModelName } from '../hub/model-name.js'
import { type PullProgress, pull } from '../hub/pull.js'
import { hubSettings } from '../hub/settings.js'
import { shippedModel } from './find-model.js'

/**
 * Where a pretrained model lies that another is built on: one that ships, a path, or a name that `pal pull` knows.
 * @throws PalError that says how to pull it
 */
export async function findBase(name: string): Promise<string> {
  return shippedModel(name) ?? findCheckpoint(name)
}

export interface Fetching {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PullProgress & { readonly name: string }) => void
}

/**
 * The same, fetching from the hub what is not on this machine.
 * @throws PalError for a name that is none of the hub, and as `pull` does
 */
export async function fetchBase(name: string, { signal, onProgress }: Fetching): Promise<string> {
  const onHub = parseModelName(name)
  return findBase(name).catch(async (error: unknown) => {
    if (!onHub) throw error
    const pulled = await pull(onHub, await hubSettings(), {
      ...(signal && { signal }),
      onProgress: (progress) => onProgress?.({ ...progress, name }),
    })
    return pulled.path
  })
}
