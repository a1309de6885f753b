import { PalError } from '../errors.js'

/** A model on the hub: `OWNER/NAME`, `OWNER/NAME@REVISION`, and either with `:FILE.gguf`. */
export interface ModelName {
  /** OWNER/NAME */
  readonly repository: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  /** The one GGUF file that is meant. */
  readonly file?: string
}

const PATTERN =
  /^(?<repository>[\w][\w.-]*\/[\w][\w.-]*)(?:@(?<revision>[\w][\w./-]*))?(?::(?<file>[^:]+\.gguf))?$/

/** Reads a name, or gives undefined for what cannot be one. */
export function parseModelName(text: string): ModelName | undefined {
  const { repository, revision = 'main', file } = PATTERN.exec(text)?.groups ?? {}
  if (repository === undefined) return undefined
  // What huggingface_hub refuses too: names become folders, in which "--" stands for the slash.
  if (`${repository}/${revision}`.includes('..') || repository.includes('--')) return undefined
  return { repository, revision, ...(file !== undefined && { file: safePath(file, text) }) }
}

/** The name as it is written, without the revision that goes without saying. */
export function writeModelName({ repository, revision, file }: ModelName): string {
  return `${repository}${revision === 'main' ? '' : `@${revision}`}${file === undefined ? '' : `:${file}`}`
}

/** What lies in a hub's cache, whose folders are called by commits: its name, or undefined for another path. */
export function nameInCache(path: string): ModelName | undefined {
  const { owner, name, file } = IN_CACHE.exec(path)?.groups ?? {}
  if (owner === undefined) return undefined
  const repository = `${owner}/${name}`
  return { repository, revision: 'main', ...(file !== undefined && { file: file.replaceAll('\\', '/') }) }
}

const IN_CACHE =
  /models--(?<owner>[^/\\]+?)--(?<name>[^/\\]+)[/\\]snapshots[/\\][^/\\]+(?:[/\\](?<file>.+\.gguf))?$/

/**
 * A path inside of a repository, which comes from the network or a command line and becomes one on this machine.
 * @throws PalError for one that could leave its folder
 */
export function safePath(path: string, where: string): string {
  const parts = path.split('/')
  const isPlain = (part: string) => part !== '' && part !== '.' && part !== '..'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (parts.every(isPlain) && !/[\\:\u0000-\u001f]/.test(path)) return path
  throw new PalError(`expected a path inside of the repository, got ${JSON.stringify(path)}`, { file: where })
}
