import { createHash } from 'node:crypto'
import { dirname, relative } from 'node:path'
import type { Recipe } from './recipe/recipe.js'
import type { LoadedData } from './sources.js'

/**
 * Of what a run draws from, as a hash: which recordings there are, in which order, under which labels and in which groups, and
 * what manifests ask and answer about which audio. Where all of it lies is no part of it.
 */
export function dataIdentity({ data }: Pick<Recipe, 'data'>, { sets, manifests }: LoadedData): string {
  const hash = createHash('sha256')
  const add = (...values: readonly unknown[]) => hash.update(`${JSON.stringify(values)}\n`)
  for (const { set, audio, label, group } of [...sets.values()].flat()) {
    add(set, relative(data.root, audio.name), label, group)
  }
  for (const [name, { path, examples }] of manifests) {
    for (const { messages, audios } of examples) {
      add(
        name,
        messages,
        audios.map((audio) => relative(dirname(path), audio.name)),
      )
    }
  }
  return hash.digest('hex')
}

/** What a recipe says of its sets that training draws by: which clips were cut from one recording only `pal eval` asks. */
export function drawnSets(sets: Recipe['data']['sets']): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(sets).map(([name, { source: _, ...set }]) => [name, set]))
}
