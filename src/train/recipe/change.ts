import { existsSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { PalError } from '../../errors.js'
import type { Override } from './recipe.js'
import { type Path, put, type Settings, valueAt } from './setting-path.js'
import { parseValue } from './yaml.js'

/** What somebody wants to be different in a recipe. */
export interface Change {
  readonly key: string
  readonly path: Path
  readonly value: unknown
}

/** @param change `key=value`, whose key is a path such as `stages.0.steps` and whose value is YAML */
export function parseChange(change: string): Change {
  const at = change.indexOf('=')
  if (at <= 0) {
    throw new PalError(`expected a change in the form key=value, got "${change}"`, {
      hint: 'For example: stages.0.steps=100',
    })
  }
  const [key, text] = [change.slice(0, at), change.slice(at + 1)]
  const path = key.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  return { key, path, value: parseValue(text, key) }
}

/**
 * Makes the change. Where recordings, a manifest or a model to start from lie is relative to the working directory then.
 * @param file of the recipe, for messages
 * @throws PalError for a path at which a recipe can have nothing
 */
export function applyChange({ key, path, value }: Change, settings: Settings, file: string): Override {
  const before = valueAt(settings, path)
  const after = placed(key, value, file)
  if (!put(settings, path, after)) {
    throw new PalError(`expected the path of a setting in ${file}, got "${key}"`, { key })
  }
  return { key, before, after }
}

/** A place that is seen from the working directory as a recipe has it: of recordings whole, else as it is seen from the recipe. */
function placed(key: string, value: unknown, file: string): unknown {
  // A folder may be called 2024.
  if (value === '' || !['string', 'number'].includes(typeof value)) return value
  const place = resolve(String(value))
  if (key === 'data.root') return place
  const isManifest = /^sources\.[^.]+\.path$/.test(key)
  // What a run starts from may be the name of a model that ships.
  const isModel = key === 'start.model' && existsSync(place)
  if (isAbsolute(String(value)) || !(isManifest || isModel)) return value
  // A run is known by what its recipe says, wherever the project lies.
  return relative(dirname(resolve(file)), place)
}
