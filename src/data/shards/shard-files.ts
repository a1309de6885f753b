import { readdir, stat } from 'node:fs/promises'
import { join, parse, resolve, sep } from 'node:path'
import { PalError } from '../../errors.js'

/** Whether a path means shards: it ends as theirs do, or is a folder (which nothing else that is read can be). */
export async function isShards(path: string): Promise<boolean> {
  return /\.(parquet|tar|tar\.gz|tgz)$/i.test(path) || (await kindOf(path)) === 'folder'
}

/**
 * The files, in order, that a path means: a shard, a folder of them, or a pattern. In a pattern, `{000..009}` and
 * `{a,b}` stand for each of their values, as in a shell and in webdataset; `*` and `?` for what is there.
 * @throws PalError for a pattern that nothing matches, for other kinds of file, and for a folder of both kinds
 */
export async function shardFiles(path: string): Promise<readonly string[]> {
  const whole = resolve(path)
  const kind = await kindOf(whole)
  const files =
    kind === 'folder' ? await shardsIn(whole) : kind === 'file' ? [whole] : await matching(expand(whole))
  for (const file of files) {
    if (/\.(parquet|tar)$/i.test(file)) continue
    const hint = 'Shards are read in place, which a compressed archive does not allow: unpack it first.'
    throw new PalError('expected a .parquet or .tar file', { file, ...(/gz$/i.test(file) && { hint }) })
  }
  return files
}

/**
 * What files are called in the ids of their records: by their names without ending or, where two are called alike, by
 * their paths below the innermost folder that holds all of them.
 */
export function shardNames(files: readonly string[]): readonly string[] {
  const names = files.map((file) => parse(file).name)
  if (new Set(names).size === names.length) return names
  const folders = files.map((file) => parse(file).dir.split(sep))
  const differ = folders[0]!.findIndex((part, i) => folders.some((parts) => parts[i] !== part))
  const shared = differ < 0 ? folders[0]!.length : differ
  return folders.map((parts, i) => [...parts.slice(shared), names[i]].join('/'))
}

/** The split that a shard is of: its name without number and ending, `train` for train-00000-of-00004.parquet. */
export function splitOfShard(file: string): string {
  const { name } = parse(file)
  return name.replace(/-\d+-of-\d+$/, '').replace(/[-_.]?\d+$/, '') || name
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found && (found.isDirectory() ? 'folder' : 'file')
}

async function shardsIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => /\.(parquet|tar)$/i.test(name)).sort()
  const kinds = new Set(names.map((name) => parse(name).ext.toLowerCase()))
  if (kinds.size === 1) return names.map((name) => join(folder, name))
  const got = kinds.size === 0 ? 'none' : 'both'
  throw new PalError(`expected .parquet or .tar files in the folder, got ${got}`, {
    file: folder,
    ...(kinds.size > 1 && { hint: 'Say which are meant: FOLDER/*.parquet or FOLDER/*.tar.' }),
  })
}

async function matching(patterns: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(patterns.map(async (pattern) => ({ pattern, files: await glob(pattern) })))
  for (const { pattern, files } of found) {
    if (files.length === 0) throw new PalError('expected shards, got no such file', { file: pattern })
  }
  return found.flatMap(({ files }) => files)
}

/** More would be a slip of the finger. */
const MOST_SHARDS = 100_000

function expand(pattern: string): readonly string[] {
  const braces = /^([^{]*)\{([^{}]*)\}(.*)$/.exec(pattern)
  if (!braces) return [pattern]
  const [, before = '', inside = '', after = ''] = braces
  return alternatives(inside, pattern).flatMap((one) => expand(before + one + after))
}

function alternatives(inside: string, pattern: string): readonly string[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(inside)
  if (!range) {
    if (inside.includes(',')) return inside.split(',')
    const message = `expected a range such as {000..009} or a list such as {a,b}, got {${inside}}`
    throw new PalError(message, { file: pattern })
  }
  const [first, last] = [Number(range[1]), Number(range[2])]
  if (last < first || last - first >= MOST_SHARDS) {
    const message = `expected a range of 1 to ${MOST_SHARDS} shards, got {${inside}}`
    throw new PalError(message, { file: pattern })
  }
  // As in bash: numbers are as wide as the wider end if one of the ends begins with 0.
  const ends = [range[1], range[2]] as [string, string]
  const width = ends.some((end) => /^0\d/.test(end)) ? Math.max(...ends.map((end) => end.length)) : 0
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i).padStart(width, '0'))
}

/** The files that an absolute pattern matches, sorted. */
async function glob(pattern: string): Promise<readonly string[]> {
  const { root } = parse(pattern)
  let found: readonly string[] = [root]
  for (const segment of pattern.slice(root.length).split(sep)) {
    found = (await Promise.all(found.map((folder) => entries(folder, segment)))).flat()
  }
  const kinds = await Promise.all(found.map(kindOf))
  return found.filter((_, i) => kinds[i] === 'file')
}

async function entries(folder: string, segment: string): Promise<readonly string[]> {
  if (!/[*?]/.test(segment)) return [join(folder, segment)]
  const literal = segment.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  const wanted = new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`)
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => wanted.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name))
}
