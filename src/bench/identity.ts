import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageFolder } from '../package-folder.js'
import type { Computer } from './machine.js'
import { CONTESTANT } from './run-contestant.js'

/** What measurements depend on beside their configuration: with another one they are no longer the same. */
export type Identity = Readonly<Record<string, string | number>>

/**
 * The machine, the code that is measured, and the models whose names are paths. Models given by size are part of the
 * code.
 * @param fingerprints of the models, by their paths
 */
export async function identityOf(
  computer: Computer,
  fingerprints: ReadonlyMap<string, string> = new Map(),
): Promise<Identity> {
  const { version, dependencies } = JSON.parse(
    await readFile(join(packageFolder(), 'package.json'), 'utf8'),
  ) as { version: string; dependencies: Readonly<Record<string, string>> }
  return {
    ...computer,
    version,
    onnxruntime: dependencies['onnxruntime-node'] ?? 'none',
    code: await codeHash(CONTESTANT),
    ...Object.fromEntries([...fingerprints].map(([path, sha256]) => [`${MODEL}${path}`, sha256])),
  }
}

const MODEL = 'llm '

/**
 * The keys that two differ in. A model of which only one of them says something is no difference: measurements of
 * several models lie in one folder, under names of their own.
 */
export function differences(before: Identity, now: Identity): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  const isOthers = (key: string) => key.startsWith(MODEL) && !(key in before && key in now)
  return keys.filter((key) => before[key] !== now[key] && !isOthers(key))
}

/**
 * Of a compiled file and of all that it may load: the files that are named in it by relative paths, as imports are, and
 * workers. The rest of the package may change without a measurement becoming another.
 */
export async function codeHash(entry: URL): Promise<string> {
  const hash = createHash('sha256')
  const files = new Set([entry.href])
  // A set that grows while it is gone through is gone through to its new end.
  for (const file of files) {
    const text = await readFile(new URL(file), 'utf8')
    hash.update(text)
    for (const [, path] of text.matchAll(RELATIVE)) {
      const other = new URL(path as string, file)
      // A comment may name what is not there.
      if (existsSync(other)) files.add(other.href)
    }
  }
  return hash.digest('hex').slice(0, 16)
}

const RELATIVE = /['"](\.{1,2}\/[^'"\n]+\.js)['"]/g
