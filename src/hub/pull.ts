import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PalError } from '../errors.js'
import { writing } from '../weights/writing.js'
import { HubCache } from './cache.js'
import { chooseFiles } from './choose-files.js'
import { describeCache } from './describe-cache.js'
import { download } from './download.js'
import { missingWeights } from './find-checkpoint.js'
import { type Listing, listRepository, type RepositoryFile } from './listing.js'
import { withLock } from './lock.js'
import { type ModelName, writeModelName } from './model-name.js'
import { type Patience, patient } from './patience.js'
import type { HubSettings } from './settings.js'

export interface PullOptions {
  readonly signal?: AbortSignal
  readonly patience?: Patience
  readonly onProgress?: (progress: PullProgress) => void
  /** Told in a sentence what is waited for: another process that downloads the same, or a server that is asked again. */
  readonly onNotice?: (sentence: string) => void
}

export interface PullProgress {
  /** The file that is being fetched. */
  readonly file: string
  /** Bytes of all files, what was in the cache before included. */
  readonly done: number
  readonly total: number
}

export interface Pulled {
  readonly name: string
  readonly commit: string
  /** The folder to open, or the GGUF file. */
  readonly path: string
  readonly files: readonly string[]
  /** Bytes of all files, and those of them that were in the cache before. */
  readonly bytes: number
  readonly cachedBytes: number
}

/**
 * Brings a model from the hub into the cache: only the files that are needed, only those that are not there, each with
 * its size and hash checked.
 * @throws PalError that says what to do if the model is not there or not readable, the network fails, or offline
 */
export async function pull(
  name: ModelName,
  settings: HubSettings,
  options: PullOptions = {},
): Promise<Pulled> {
  const { signal, patience = patient, onNotice } = options
  const cache = new HubCache(settings.cache)
  if (settings.offline) return pulledBefore(name, settings)
  const listing = await withCacheInHint(settings, () =>
    listRepository(name, settings, { signal, patience, onNotice }),
  )
  const files = chooseFiles(name, listing.files)
  const hint = 'Set HF_HUB_CACHE to a folder that can be written to.'
  const cachedBytes = await writing('into the cache', { file: settings.cache, hint }, async () => {
    const cachedBytes = await fetchAll(name, files, listing, cache, settings, { ...options, patience })
    await cache.setRevision(name.repository, name.revision, listing.commit)
    return cachedBytes
  })
  const folder = cache.snapshot(name.repository, listing.commit)
  return {
    name: writeModelName(name),
    commit: listing.commit,
    path: files.length === 1 && files[0]!.path.endsWith('.gguf') ? join(folder, files[0]!.path) : folder,
    files: files.map(({ path }) => path),
    bytes: total(files),
    cachedBytes,
  }
}

async function fetchAll(
  { repository, revision }: ModelName,
  files: readonly RepositoryFile[],
  { commit }: Listing,
  cache: HubCache,
  { endpoint, token }: HubSettings,
  { signal, patience = patient, onProgress, onNotice }: PullOptions,
): Promise<number> {
  let [before, cachedBytes] = [0, 0]
  for (const { path, bytes, blob } of files) {
    const target = cache.blob(repository, blob)
    const report = (done: number) => onProgress?.({ file: path, done: before + done, total: total(files) })
    const onWait = () => onNotice?.(`${path} is being downloaded by another process; waiting`)
    const fetchOne = async () => {
      if (await hasSize(target, bytes)) return true
      await download(target, {
        url: `${endpoint}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`,
        bytes,
        hash: blob,
        token,
        patience,
        signal,
        onNotice,
        what: `${path} of ${writeModelName({ repository, revision })}`,
        page: `${endpoint}/${repository}`,
        onProgress: report,
      })
      return false
    }
    const wasThere =
      (await hasSize(target, bytes)) ||
      (await withLock(cache.lock(repository, blob), fetchOne, { signal, onWait }))
    await cache.link(repository, commit, path, blob)
    report(bytes)
    before += bytes
    if (wasThere) cachedBytes += bytes
  }
  return cachedBytes
}

/** Without a network: what was pulled before, if all of it is there. */
async function pulledBefore(name: ModelName, settings: HubSettings): Promise<Pulled> {
  const title = writeModelName(name)
  const models = await new HubCache(settings.cache).list()
  const model = models.find(
    ({ repository, commit, revisions }) =>
      repository === name.repository && (commit === name.revision || revisions.includes(name.revision)),
  )
  const hasFile = name.file === undefined || model?.files.includes(name.file)
  if (model && hasFile && (name.file !== undefined || (await missingWeights(model.folder)).length === 0)) {
    const path = name.file === undefined ? model.folder : join(model.folder, name.file)
    const { commit, files, bytes } = model
    return { name: title, commit, path, files, bytes, cachedBytes: bytes }
  }
  throw new PalError(
    `expected ${title} in the cache, since HF_HUB_OFFLINE forbids the network, got ${model ? 'a part of it' : 'nothing'}`,
    {
      hint: await describeCache(settings),
    },
  )
}

/** Who cannot reach the hub wants to know what there is without it. */
async function withCacheInHint<T>(settings: HubSettings, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    if (!(error instanceof PalError) || error.details.cause === undefined) throw error
    throw new PalError(error.message, { hint: await describeCache(settings), cause: error.details.cause })
  }
}

function total(files: readonly RepositoryFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

async function hasSize(path: string, bytes: number): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.size === bytes
}
