import { dirname, resolve } from 'node:path'
import { ClipLibrary, type LoadedClip } from '../data/clip-library.js'
import { clipSource } from '../data/clip-source.js'
import { readClips, selectClips } from '../data/clips.js'
import { manifestSource } from '../data/manifest-source.js'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { sceneSource } from '../data/scene-source.js'
import { mix, type Source } from '../data/source.js'
import { PalError } from '../errors.js'
import type { BatchPlan, LoadedRecipe, Recipe } from './recipe.js'

/** The recordings of a recipe, decoded, each set apart. */
export type LoadedSets = ReadonlyMap<string, readonly LoadedClip[]>

/**
 * Decodes a recipe's recordings: those to train on, or those that are held out.
 * @param sampleRate Hz
 */
export async function loadSets(
  { data }: Recipe,
  part: 'train' | 'held-out',
  sampleRate: number,
  onProgress?: (set: string, done: number, total: number) => void,
): Promise<LoadedSets> {
  const loaded = new Map<string, readonly LoadedClip[]>()
  for (const [name, set] of Object.entries(data.sets)) {
    const { heldOut, ...columns } = set
    const clips = await readClips({ name, ...columns }, data.root)
    if (part === 'held-out' && heldOut.length === 0) continue
    const chosen = selectClips(clips, part === 'train' ? { except: heldOut } : { groups: heldOut })
    const library = await ClipLibrary.load(chosen, {
      sampleRate,
      onProgress: (done, total) => onProgress?.(name, done, total),
    })
    loaded.set(name, library.clips)
  }
  return loaded
}

/** The sources that each kind of batch draws from. */
export async function openSources(
  { recipe, file }: LoadedRecipe,
  sets: LoadedSets,
  sampleRate: number,
): Promise<(plan: BatchPlan) => Source> {
  const vocabulary = vocabularyOf([...sets.values()].flat())
  const manifests = new Map<string, Source>()
  for (const [name, one] of Object.entries(recipe.sources)) {
    if (one.kind === 'manifest') {
      manifests.set(name, await manifestSource(resolve(dirname(file), one.path), { name, sampleRate }))
    }
  }
  return ({ mix: weights, questions }) => {
    const parts = Object.entries(weights).map(([name, weight]) => {
      const one = recipe.sources[name] as Recipe['sources'][string]
      if (one.kind === 'manifest') return { source: manifests.get(name) as Source, weight }
      const clips = (one.sets ?? [...sets.keys()]).flatMap((set) => sets.get(set) ?? [])
      if (clips.length === 0)
        throw new PalError('expected at least one recording, got none', { file, key: `sources.${name}` })
      const { kind, sets: _, ...options } = one
      const asking = { name, vocabulary, questionsPerAudio: questions, ...withoutUndefined(options) }
      return { source: kind === 'clips' ? clipSource(clips, asking) : sceneSource(clips, asking), weight }
    })
    return mix(parts)
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

function withoutUndefined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>
}
