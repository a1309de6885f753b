/** What a recipe says, or a part of it, before it has been checked. */
export type Settings = Record<string | number, unknown>
/** Where in a recipe something stands: keys, and places in lists. */
export type Path = readonly (string | number)[]

export function valueAt(settings: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (part, key) => (isSettings(part) && Object.hasOwn(part, key) ? part[key] : undefined),
    settings,
  )
}

/** @returns whether there is something at the path's parent for it to be put into */
export function put(settings: Settings, path: Path, value: unknown): boolean {
  const parent = valueAt(settings, path.slice(0, -1))
  const key = path.at(-1) as string | number
  const fits = Array.isArray(parent) ? typeof key === 'number' : key !== '__proto__'
  if (!isSettings(parent) || !fits) return false
  parent[key] = value
  return true
}

export function isSettings(part: unknown): part is Settings {
  return typeof part === 'object' && part !== null
}
