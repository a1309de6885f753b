import { readFile, rm, writeFile } from 'node:fs/promises'

/** How a lock is told that nobody holds any more, and what becomes of who finds one that somebody does. */
export interface LockRules {
  /** What a file says that is one's own: nobody else's says the same. */
  readonly own: string
  /** Whether nobody holds a lock that is there. One that went meanwhile is not: what stands there by now may be another's. */
  readonly isVoid: (path: string) => Promise<boolean>
  /** For a while, as somebody else holds it. @throws to give up */
  readonly wait: (path: string) => Promise<void>
}

/** Does something while a file is there that others look for: of all that do something under its path, one does it at a time. */
export async function holding<T>(path: string, rules: LockRules, use: () => Promise<T>): Promise<T> {
  await take(path, rules)
  try {
    return await use()
  } finally {
    if ((await textOf(path)) === rules.own) await rm(path, { force: true })
  }
}

/** What a lock says, if there is one. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function take(path: string, rules: LockRules): Promise<void> {
  for (;;) {
    try {
      return await writeFile(path, rules.own, { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await rules.isVoid(path)) await clear(path, rules)
    else await rules.wait(path)
  }
}

/**
 * Removes a lock that nobody holds any more. Several may have seen that, and the second would remove what the first has put in its
 * place: so each holds a lock for that, and looks again. Where one is killed meanwhile, that lock is cleared in the same way.
 */
function clear(path: string, rules: LockRules): Promise<void> {
  return holding(`${path}.clearing`, rules, async () => {
    if (await rules.isVoid(path)) await rm(path, { force: true })
  })
}
