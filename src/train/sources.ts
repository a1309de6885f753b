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

export type Part = 'train' | 'held-out' | 'all'

/** What a kind of batch draws from, in a stage that hears this part of the recordings. */
export type SourceOf = (plan: BatchPlan, hears: 'train' | 'all') => Source

/** The recordings of a recipe, decoded, each set apart. */
export type LoadedSets = ReadonlyMap<string, readonly LoadedClip[]>

/**
 * Decodes a recipe's recordings: those to train on, those that are held out, or both.
 * @param sampleRate Hz
 */
export async function loadSets(
  { data }: Recipe,
  part: Part,
  sampleRate: number,
  onProgress?: (set: string, done: number, total: number) => void,
): Promise<LoadedSets> {
  const loaded = new Map<string, readonly LoadedClip[]>()
  for (const [name, set] of Object.entries(data.sets)) {
    const { heldOut, ...columns } = set
    const clips = await readClips({ name, ...columns }, data.root)
    if (part === 'held-out' && heldOut.length === 0) continue
    const chosen = selectClips(
      clips,
      part === 'held-out' ? { groups: heldOut } : part === 'train' ? { except: heldOut } : {},
    )
    const library = await ClipLibrary.load(chosen, {
      sampleRate,
      onProgress: (done, total) => onProgress?.(name, done, total),
    })
    loaded.set(name, library.clips)
  }
  return loaded
}

/** The sources that each kind of batch draws from. @param sets all recordings, or those to train on */
export async function openSources(
  { recipe, file }: LoadedRecipe,
  sets: LoadedSets,
  sampleRate: number,
): Promise<SourceOf> {
  const vocabulary = vocabularyOf([...sets.values()].flat())
  const manifests = new Map<string, Source>()
  for (const [name, one] of Object.entries(recipe.sources)) {
    if (one.kind === 'manifest') {
      manifests.set(name, await manifestSource(resolve(dirname(file), one.path), { name, sampleRate }))
    }
  }
  return ({ mix: weights, questions }, hears) => {
    const parts = Object.entries(weights).map(([name, weight]) => {
      const one = recipe.sources[name] as Recipe['sources'][string]
      if (one.kind === 'manifest') return { source: manifests.get(name) as Source, weight }
      const clips = (one.sets ?? [...sets.keys()]).flatMap((set) => {
        const heldOut = hears === 'all' ? [] : (recipe.data.sets[set]?.heldOut ?? [])
        return (sets.get(set) ?? []).filter(({ group }) => !heldOut.includes(group))
      })
      if (clips.length === 0)
        throw new PalError('expected at least one recording, got none', { file, key: `sources.${name}` })
      const { kind, sets: _, ...options } = one
      const asking = { name, vocabulary, questionsPerAudio: questions, ...options }
      return { source: kind === 'clips' ? clipSource(clips, asking) : sceneSource(clips, asking), weight }
    })
    return mix(parts)
  }
}
