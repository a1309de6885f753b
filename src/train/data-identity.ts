import { createHash } from 'node:crypto'
import { dirname, relative, resolve } from 'node:path'
import { readQuestions } from '../data/manifests/manifest.js'
import type { LoadedRecipe, Recipe } from './recipe/recipe.js'
import type { LoadedSets } from './sources.js'

/**
 * Of what a run draws from, as a hash: which recordings there are, in which order, under which labels and in which groups, and
 * what manifests ask and answer about which audio. Where all of it lies is no part of it.
 */
export async function dataIdentity({ recipe, file }: LoadedRecipe, sets: LoadedSets): Promise<string> {
  const hash = createHash('sha256')
  const add = (...values: readonly unknown[]) => hash.update(`${JSON.stringify(values)}\n`)
  for (const { set, audio, label, group } of [...sets.values()].flat()) {
    add(set, relative(recipe.data.root, audio.name), label, group)
  }
  for (const [name, source] of Object.entries(recipe.sources)) {
    if (source.kind !== 'manifest') continue
    const path = resolve(dirname(file), source.path)
    for (const { messages, audios } of await readQuestions(path, source.question)) {
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
