import { mkdir, readFile, rmdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { PalError } from './errors.js'
import { holding, type LockRules, textOf } from './lock-file.js'

/**
 * Does something in a folder while no other process trains or asks there: two would write over one another's steps, or
 * answers. A file says who it is, and nobody waits for its end. That of a process which is gone is taken over, so that a run
 * that was killed can go on; one that is being killed has a few seconds to be gone.
 *
 * A folder that is not there yet is made, and goes again if nothing was put into it.
 * @param options.patience milliseconds that one which is being killed has to be gone: `mpirun` ends before those that it
 *   has killed. @default 3000
 * @param options.another how another folder is given. @default 'output=…'
 * @throws PalError that names the other process, and what the file system has against it
 */
export async function alone<T>(
  folder: string,
  use: () => Promise<T>,
  { patience = 3000, another = RECIPES }: { readonly patience?: number; readonly another?: string } = {},
): Promise<T> {
  const path = lockOf(folder)
  if (held.has(path)) throw taken(OWN, path, another)
  // Before its file is there: whoever sees that in between would take it for one that nobody holds.
  held.add(path)
  try {
    const made = await mkdir(folder, { recursive: true })
    try {
      return await holding(path, rulesOf(patience, another), use)
    } finally {
      if (made !== undefined) await removeEmpty(folder, made)
    }
  } finally {
    held.delete(path)
  }
}

/** Removes a folder and those around it, up to the outermost, as long as they are empty. */
async function removeEmpty(folder: string, outermost: string): Promise<void> {
  try {
    for (let path = resolve(folder); ; path = dirname(path)) {
      await rmdir(path)
      if (path === resolve(outermost)) return
    }
  } catch {
    // There is something in it.
  }
}

/** @throws PalError that names the process that works in a folder */
export async function expectNobody(folder: string): Promise<void> {
  const path = lockOf(folder)
  const text = await textOf(path)
  if (held.has(path) || (text !== undefined && (await isThere(text)))) throw taken(text ?? '', path, RECIPES)
}

/** Those of this process. Another of its number is of one that is gone, or came with a copied folder. */
const held = new Set<string>()

function lockOf(folder: string): string {
  return join(resolve(folder), 'run.lock')
}

/** What a lock of this process says. */
const OWN = JSON.stringify({ pid: process.pid, host: hostname() })

function rulesOf(patience: number, another: string): LockRules {
  const begun = Date.now()
  return {
    own: OWN,
    isVoid: async (path) => {
      const text = await textOf(path)
      return text !== undefined && !(await isThere(text))
    },
    wait: async (path) => {
      if (Date.now() - begun > patience) throw taken((await textOf(path)) ?? '', path, another)
      await setTimeout(100)
    },
  }
}

/** Whether the process is there that a lock names. Nobody knows of another machine's, or of one that has not said yet. */
async function isThere(text: string): Promise<boolean> {
  const holder = holderIn(text)
  if (holder?.host !== hostname()) return true
  if (holder.pid === process.pid) return false
  try {
    process.kill(holder.pid, 0)
    return !(await isDead(holder.pid))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** On Linux, a process that has ended is there until its parent asks: in a container perhaps for good. */
async function isDead(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return /\) [ZX] /.test(stat)
}

function holderIn(text: string): { readonly pid: number; readonly host: string } | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function taken(text: string, path: string, another: string): PalError {
  const holder = holderIn(text)
  const who = holder ? `process ${holder.pid} on ${holder.host}` : 'a process that has just begun'
  return new PalError(`expected a folder that nobody works in, got one that ${who} works in`, {
    file: path,
    hint: `Stop it, wait for it, or give another folder with ${another}. If it is gone, delete this file.`,
  })
}

/** How a recipe is given another folder. */
const RECIPES = 'output=…'
