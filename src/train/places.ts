import { existsSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'

/** The keys of a recipe whose values may be paths. */
const PATHS: readonly string[] = ['root', 'output', 'csv', 'shards', 'path', 'from', 'model']

/**
 * Settings without the folders that their files lie in: those of this machine tell nobody else anything.
 * @param key that the settings stand at, if it is one
 */
export function withoutPlaces<T>(settings: T, key = ''): T {
  return stripped(settings, key) as T
}

function stripped(value: unknown, key: string): unknown {
  if (typeof value === 'string') return PATHS.includes(key) && isPlace(value) ? basename(value) : value
  if (Array.isArray(value)) return value.map((one) => stripped(one, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, stripped(one, name)]))
}

/** A path, and not a name of the hub. */
const isPlace = (text: string) => isAbsolute(text) || /^\.\.?[\\/]/.test(text) || existsSync(text)
