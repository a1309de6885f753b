import { createHash } from 'node:crypto'
import { dirname, relative } from 'node:path'
import type { Clip } from '../data/clips/clip.js'
import { readClips } from '../data/clips/read-clips.js'
import type { LoadedRecipe, Recipe } from './recipe/recipe.js'
import { type LoadedData, loadManifests } from './sources.js'

/** What is listed to draw from, decoded or not. */
export interface ListedData extends Pick<LoadedData, 'manifests'> {
  readonly sets: ReadonlyMap<string, readonly Clip[]>
}

/**
 * Of what a run draws from, as a hash: which recordings there are, in which order, under which labels and in which groups, and
 * what manifests ask and answer about which audio. Where all of it lies is no part of it.
 */
export function dataIdentity({ data }: Pick<Recipe, 'data'>, { sets, manifests }: ListedData): string {
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

/** The same hash for who has not decoded anything: lists and manifests say all of it. @throws PalError for one that is damaged or missing */
export async function listedIdentity(loaded: LoadedRecipe): Promise<string> {
  const { data } = loaded.recipe
  const sets = new Map<string, readonly Clip[]>()
  for (const [name, { heldOut: _, ...set }] of Object.entries(data.sets)) {
    sets.set(name, await readClips({ name, ...set }, data.root))
  }
  return dataIdentity(loaded.recipe, { sets, manifests: await loadManifests(loaded) })
}

/** What a recipe says of its sets that training draws by: which clips were cut from one recording only `pal eval` asks. */
export function drawnSets(sets: Recipe['data']['sets']): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(sets).map(([name, { source: _, ...set }]) => [name, set]))
}
