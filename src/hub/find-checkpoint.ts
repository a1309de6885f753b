import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PalError } from '../errors.js'
import { HubCache } from './cache.js'
import { describeCache } from './describe-cache.js'
import { parseModelName } from './model-name.js'
import { findNamed } from './named-models.js'
import { type HubSettings, hubSettings } from './settings.js'

/**
 * Where a model lies that has been named by a path, by the name that `pal pull --name` gave it, or by its name on the
 * hub (`OWNER/NAME`, `OWNER/NAME@REVISION`, `OWNER/NAME:FILE.gguf`) if it has been pulled. Nothing is downloaded.
 * @returns a folder with config.json and safetensors, or a GGUF file
 * @throws PalError that says how to pull it, and what there is
 */
export async function findCheckpoint(name: string, settings?: HubSettings): Promise<string> {
  if (await exists(name)) return resolve(name)
  const known = settings ?? (await hubSettings())
  const local = await findNamed(name, known)
  if (local !== undefined) return local
  const wanted = parseModelName(name)
  if (!wanted) {
    throw new PalError(`expected a folder, a GGUF file or the name of a model (OWNER/NAME), got "${name}"`, {
      hint: await describeCache(known),
    })
  }
  const snapshot = await new HubCache(known.cache).find(wanted)
  if (snapshot === undefined) {
    throw new PalError(`expected a model that is on this machine, got "${name}"`, {
      hint: `Fetch it: pal pull ${name}\n${await describeCache(known)}`,
    })
  }
  if (wanted.file !== undefined) {
    const file = join(snapshot, wanted.file)
    if (await exists(file)) return file
    throw new PalError(`expected ${wanted.file} in the cache, got other files of ${wanted.repository} only`, {
      file: snapshot,
      hint: `Fetch it: pal pull ${name}`,
    })
  }
  const missing = await missingWeights(snapshot)
  if (missing.length === 0) return (await onlyGguf(snapshot)) ?? snapshot
  throw new PalError(`expected all of ${name} in the cache, got a folder without ${missing[0]}`, {
    file: snapshot,
    hint: `Fetch the rest: pal pull ${name}`,
  })
}

/** The files of weights that a folder should have and has not. */
export async function missingWeights(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [] as string[])
  const index = 'model.safetensors.index.json'
  const expected =
    !names.includes('model.safetensors') && names.includes(index)
      ? await shards(join(folder, index))
      : names.filter((name) => /\.(safetensors|gguf)$/.test(name)).slice(0, 1)
  if (expected.length === 0) return ['weights']
  // A link is no file if the blob that it leads to has gone.
  const present = await Promise.all(expected.map((name) => exists(join(folder, name))))
  return expected.filter((_, i) => !present[i])
}

/** The GGUF file of a folder that has nothing else. */
async function onlyGguf(folder: string): Promise<string | undefined> {
  const names = await readdir(folder)
  if (names.some((name) => name.endsWith('.safetensors'))) return undefined
  const ggufs = names.filter((name) => name.endsWith('.gguf'))
  if (ggufs.length === 1) return join(folder, ggufs[0]!)
  throw new PalError(`expected one of the GGUF files to be named, got several: ${ggufs.join(', ')}`, {
    file: folder,
    hint: 'Write OWNER/NAME:FILE.gguf.',
  })
}

async function shards(index: string): Promise<readonly string[]> {
  try {
    const { weight_map: map } = JSON.parse(await readFile(index, 'utf8')) as {
      weight_map?: Record<string, string>
    }
    return [...new Set(Object.values(map ?? {}))]
  } catch {
    return [] // What is wrong with it says who opens it.
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
