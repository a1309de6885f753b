import { randomUUID } from 'node:crypto'
import { mkdir, stat, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { holding, type LockRules } from '../lock-file.js'

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
  await mkdir(dirname(path), { recursive: true })
  return holding(path, rulesOf(staleAfter, options), async () => {
    const beat = setInterval(() => void touch(path), staleAfter / 6)
    beat.unref()
    try {
      return await use()
    } finally {
      clearInterval(beat)
    }
  })
}

function rulesOf(staleAfter: number, { signal, onWait }: LockOptions): LockRules {
  let isTold = false
  return {
    own: randomUUID(),
    isVoid: async (path) => {
      const modified = (await stat(path).catch(() => undefined))?.mtimeMs
      return modified !== undefined && Date.now() - modified > staleAfter
    },
    wait: async () => {
      if (!isTold) onWait?.()
      isTold = true
      await delay(200, undefined, signal && { signal })
    },
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch(() => undefined)
}
