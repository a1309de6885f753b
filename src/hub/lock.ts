import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface LockOptions {
  readonly signal?: AbortSignal | undefined
  /** Told once, if somebody else holds the lock. */
  readonly onWait?: () => void
  /** A lock whose holder has not been heard of for so long is void, in milliseconds. @default 30 000 */
  readonly staleAfter?: number
}

/**
 * Does something while no other process of ours does it. A lock is a file that is there; its holder touches it now and
 * then, so that one whose holder was killed is not waited for. Node cannot take the locks that Python's hub client
 * takes (flock), which is why the two use separate names for unfinished downloads, and what arrives is hashed.
 */
export async function withLock<T>(
  path: string,
  use: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { staleAfter = 30_000 } = options
  const owner = randomUUID()
  await mkdir(dirname(path), { recursive: true })
  await take(path, owner, staleAfter, options)
  const beat = setInterval(() => void touch(path), staleAfter / 6)
  beat.unref()
  try {
    return await use()
  } finally {
    clearInterval(beat)
    if ((await readFile(path, 'utf8').catch(() => '')) === owner) await rm(path, { force: true })
  }
}

async function take(
  path: string,
  owner: string,
  staleAfter: number,
  { signal, onWait }: LockOptions,
): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(owner)
      await file.close()
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now())
    if (age > staleAfter) {
      await rm(path, { force: true })
      continue
    }
    if (tries === 0) onWait?.()
    await delay(200, undefined, signal && { signal })
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch(() => undefined)
}
