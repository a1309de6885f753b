import { basename, isAbsolute } from 'node:path'

/** The keys of a recipe whose values may be paths. */
const PATHS: readonly string[] = ['root', 'output', 'csv', 'shards', 'path', 'from', 'model']

/**
 * Settings with the last part of each absolute path only: where things lie on this machine tells nobody else anything.
 * @param key that the settings stand at, if it is one
 */
export function withoutPlaces<T>(settings: T, key = ''): T {
  return stripped(settings, key) as T
}

function stripped(value: unknown, key: string): unknown {
  // A system message may begin with a slash.
  if (typeof value === 'string') return PATHS.includes(key) && isAbsolute(value) ? basename(value) : value
  if (Array.isArray(value)) return value.map((one) => stripped(one, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, stripped(one, name)]))
}
