import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { writeAtomically } from '../weights/write-atomically.js'
import type { ModelName } from './model-name.js'

/**
 * The cache that huggingface_hub (Python) keeps, too: `models--OWNER--NAME/` with `blobs/HASH`, `snapshots/COMMIT/PATH`
 * as links to blobs, and `refs/REVISION` with a commit. What one has downloaded, the other finds.
 */
export class HubCache {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  repository(repository: string): string {
    return join(this.folder, folderName(repository))
  }

  blob(repository: string, hash: string): string {
    return join(this.repository(repository), 'blobs', hash)
  }

  snapshot(repository: string, commit: string): string {
    return join(this.repository(repository), 'snapshots', commit)
  }

  /** The lock for one blob, apart from Python's own. */
  lock(repository: string, hash: string): string {
    return join(this.folder, '.locks', folderName(repository), `${hash}.pal.lock`)
  }

  /** The folder of a revision that has been pulled, or undefined. */
  async find({
    repository,
    revision,
  }: Pick<ModelName, 'repository' | 'revision'>): Promise<string | undefined> {
    const ref = join(this.repository(repository), 'refs', revision)
    const commit = (await readFile(ref, 'utf8').catch(() => undefined))?.trim() ?? revision
    if (!/^[0-9a-f]{40}$/.test(commit)) return undefined
    const folder = this.snapshot(repository, commit)
    return (await isFolder(folder)) ? folder : undefined
  }

  /** Lets a snapshot's path lead to a blob. */
  async link(repository: string, commit: string, path: string, hash: string): Promise<void> {
    const blob = this.blob(repository, hash)
    const link = join(this.snapshot(repository, commit), path)
    await mkdir(dirname(link), { recursive: true })
    const temporary = `${link}.${randomUUID()}.tmp`
    try {
      await symlink(relative(dirname(link), blob), temporary).catch((error: NodeJS.ErrnoException) => {
        // Windows lets only developers and administrators make links.
        if (error.code === 'EPERM') return copyFile(blob, temporary)
        throw error
      })
      await rename(temporary, link)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  /** Says that a branch or tag is at a commit now. */
  async setRevision(repository: string, revision: string, commit: string): Promise<void> {
    if (revision === commit) return
    const ref = join(this.repository(repository), 'refs', revision)
    await mkdir(dirname(ref), { recursive: true })
    await writeAtomically(ref, commit)
  }

  /** Every model and commit in the cache. */
  async list(): Promise<readonly CachedModel[]> {
    const models: CachedModel[] = []
    for (const entry of (await namesIn(this.folder)).sort()) {
      const [, owner, name] = /^models--([^-].*?)--(.+)$/.exec(entry) ?? []
      if (owner === undefined || name === undefined) continue
      const repository = `${owner}/${name}`
      const refs = await this.#refs(repository)
      for (const commit of await namesIn(join(this.repository(repository), 'snapshots'))) {
        const folder = this.snapshot(repository, commit)
        const revisions = refs.filter((ref) => ref.commit === commit).map(({ revision }) => revision)
        models.push({ repository, commit, revisions, folder, ...(await contents(folder)) })
      }
    }
    return models
  }

  async #refs(repository: string): Promise<readonly { revision: string; commit: string }[]> {
    const folder = join(this.repository(repository), 'refs')
    const found: { revision: string; commit: string }[] = []
    for (const revision of await readdir(folder, { recursive: true }).catch(() => [])) {
      const commit = await readFile(join(folder, revision), 'utf8').catch(() => undefined) // A folder: feature/x.
      if (commit !== undefined)
        found.push({ revision: revision.replaceAll('\\', '/'), commit: commit.trim() })
    }
    return found
  }
}

export interface CachedModel {
  readonly repository: string
  readonly commit: string
  /** Branches and tags that were at this commit when it was pulled. */
  readonly revisions: readonly string[]
  readonly folder: string
  readonly files: readonly string[]
  readonly bytes: number
}

function folderName(repository: string): string {
  return `models--${repository.replace('/', '--')}`
}

async function contents(
  folder: string,
): Promise<{ readonly files: readonly string[]; readonly bytes: number }> {
  const files: string[] = []
  let bytes = 0
  for (const path of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await stat(join(folder, path)).catch(() => undefined) // A link whose blob is gone is not there.
    if (!found?.isFile()) continue
    files.push(path.replaceAll('\\', '/'))
    bytes += found.size
  }
  return { files: files.sort(), bytes }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}
