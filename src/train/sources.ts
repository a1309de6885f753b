import { dirname, resolve } from 'node:path'
import { neverApplied } from '../data/augment/augment.js'
import { type LoadedClip, loadClips } from '../data/clips/load-clips.js'
import { expectGroups, readClips } from '../data/clips/read-clips.js'
import type { Example } from '../data/example.js'
import { readQuestions } from '../data/manifests/manifest.js'
import { within } from '../data/place.js'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { mix, type Source } from '../data/source.js'
import { clipSource } from '../data/sources/clip-source.js'
import { type ImaginedNames, imaginedNames, imaginedSource } from '../data/sources/imagined-source.js'
import { type ManifestSourceOptions, manifestSource } from '../data/sources/manifest-source.js'
import { sceneSource } from '../data/sources/scene-source.js'
import { labelsOf } from '../encoders/encoder.js'
import { PalError } from '../errors.js'
import type { ModelConfig } from '../model/config/config.js'
import type { BatchPlan, LoadedRecipe, Recipe, Stage } from './recipe/recipe.js'
import { sampleRateOf } from './sample-rate.js'

/**
 * What a kind of batch draws from, in a stage that hears this part of the recordings.
 * @param textsOnly for who reads no more of a draw than its texts: spares what is done to sounds. The same sounds are asked about, in other
 *   words: what would have been done to them draws numbers, too
 */
export type SourceOf = (plan: BatchPlan, hears: Stage['hears'], textsOnly?: boolean) => Source

/** The recordings of a recipe, decoded, each set apart. */
export type LoadedSets = ReadonlyMap<string, readonly LoadedClip[]>

/** A manifest's rows, and where they were read. */
export interface LoadedManifest {
  readonly path: string
  readonly examples: readonly Example[]
}

/** All that the sources of a recipe draw from. */
export interface LoadedData {
  readonly sets: LoadedSets
  /** By the names of their sources. */
  readonly manifests: ReadonlyMap<string, LoadedManifest>
}

export interface LoadSetsOptions {
  readonly onProgress?: (set: string, done: number, total: number) => void
  /** What the decoder noticed in recordings, such as that they are cut short. */
  readonly onWarning?: (message: string) => void
  /** Stops after the recording under way, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Decodes a recipe's recordings: those that are held out, or all.
 * @param sampleRate Hz
 * @throws PalError also for a group to hold out that no recording is of
 */
export async function loadSets(
  { data }: Recipe,
  part: 'held-out' | 'all',
  sampleRate: number,
  { onProgress, onWarning, signal }: LoadSetsOptions = {},
): Promise<LoadedSets> {
  const loaded = new Map<string, readonly LoadedClip[]>()
  for (const [name, set] of Object.entries(data.sets)) {
    const { heldOut, ...columns } = set
    const clips = await readClips({ name, ...columns }, data.root)
    expectGroups(clips, heldOut, `data.sets.${name}.heldOut`)
    if (part === 'held-out' && heldOut.length === 0) continue
    const chosen = part === 'all' ? clips : clips.filter(({ group }) => heldOut.includes(group))
    const warnings: string[] = []
    loaded.set(
      name,
      await loadClips(chosen, {
        sampleRate,
        signal,
        onProgress: (done, total) => onProgress?.(name, done, total),
        onWarning: (message) => warnings.push(message),
      }),
    )
    tell(warnings, `data.sets.${name}`, onWarning)
  }
  return loaded
}

/** Reads a recipe's manifests, but none of their audio. @throws PalError as `readQuestions` does */
export async function loadManifests({ recipe, file }: LoadedRecipe): Promise<LoadedData['manifests']> {
  const loaded = new Map<string, LoadedManifest>()
  for (const [name, source] of Object.entries(recipe.sources)) {
    if (source.kind !== 'manifest') continue
    const path = resolve(dirname(file), source.path)
    loaded.set(name, { path, examples: await readQuestions(path, source.question) })
  }
  return loaded
}

/**
 * The sources that each kind of batch draws from. Those of all stages are opened and tried here, so that what a late stage cannot draw is
 * told before an early one has trained for hours.
 * @param data all recordings, and the manifests
 * @param config of what is to hear what they draw
 */
export async function openSources(
  { recipe, file }: LoadedRecipe,
  { sets, manifests }: LoadedData,
  config: Pick<ModelConfig, 'encoders'>,
  { onWarning, expectTeachable }: Pick<ManifestSourceOptions, 'onWarning' | 'expectTeachable'> = {},
): Promise<SourceOf> {
  const sampleRate = sampleRateOf(config)
  const imagined = within({ file }, () => imaginedBySource(recipe, config))
  const vocabulary = vocabularyOf([...sets.values()].flat())
  const ofManifests = new Map<string, Source>()
  for (const [name, one] of Object.entries(recipe.sources)) {
    if (one.kind !== 'manifest') continue
    const { examples } = manifests.get(name) as LoadedManifest
    const warnings: string[] = []
    const source = await manifestSource(examples, {
      ...{ name: `sources.${name}`, sampleRate, augment: one.augment },
      onWarning: (message) => warnings.push(message),
      ...(expectTeachable && { expectTeachable }),
    })
    tell(warnings, `sources.${name}`, onWarning)
    ofManifests.set(name, source)
  }

  const open = (name: string, questions: number, hears: Stage['hears'], textsOnly: boolean): Source => {
    const one = recipe.sources[name] as Recipe['sources'][string]
    if (one.kind === 'manifest') return ofManifests.get(name) as Source
    const clips = (one.sets ?? [...sets.keys()]).flatMap((set) => {
      const heldOut = hears === 'all' ? [] : (recipe.data.sets[set]?.heldOut ?? [])
      return (sets.get(set) ?? []).filter(({ group }) => !heldOut.includes(group))
    })
    if (clips.length === 0) {
      throw new PalError('expected at least one recording that is not held out, got none', {
        key: `sources.${name}`,
      })
    }
    const asking = { name: `sources.${name}`, vocabulary, questionsPerAudio: questions }
    const effects = textsOnly && { augment: one.augment !== false && neverApplied(one.augment ?? {}) }
    switch (one.kind) {
      case 'clips':
        return clipSource(clips, { ...asking, ...optionsOf(one), ...effects })
      case 'scenes': {
        const noise = textsOnly && { scene: { ...one.scene, noiseBelowDb: false as const } }
        return sceneSource(clips, { ...asking, ...optionsOf(one), ...effects, ...noise })
      }
      case 'imagined': {
        const { labels: _, ...options } = optionsOf(one)
        const names = imagined.get(name) as ImaginedNames
        return imaginedSource(clips, { ...asking, ...options, ...effects, names })
      }
    }
  }
  const sourceOf: SourceOf = ({ mix: weights, questions }, hears, textsOnly = false) =>
    mix(
      Object.entries(weights).map(([name, weight]) => ({
        source: open(name, questions, hears, textsOnly),
        weight,
      })),
    )

  for (const [i, stage] of recipe.stages.entries()) {
    for (const [j, plan] of stage.batches.entries()) {
      within({ file, key: `stages.${i}.batches.${j}` }, () => {
        expectSounds(stage, plan, recipe)
        const source = sourceOf(asDrawn(plan, stage), stage.hears)
        source.check(plan.seconds)
        if (stage.epochs !== undefined) expectEpochs(stage, source)
      })
    }
  }
  // Scenes are composed for it, for nothing where nobody is told.
  if (onWarning) {
    const opened = (name: string, plan: BatchPlan, hears: Stage['hears']) =>
      open(name, plan.questions, hears, true)
    for (const message of neverAsked(recipe, opened)) onWarning(message)
  }
  return sourceOf
}

/**
 * A warning for each task that no source naming it can ask about anything that any stage draws from it.
 * It is no mistake: recipes name tasks once for several sources, and not all can be asked everywhere.
 */
function neverAsked(
  { sources, stages }: Recipe,
  open: (name: string, plan: BatchPlan, hears: Stage['hears']) => Source,
): readonly string[] {
  const keys = new Map<string, string[]>()
  const asked = new Set<string>()
  for (const [name, source] of Object.entries(sources)) {
    if (source.kind === 'manifest') continue
    const drawn = stages.flatMap((stage) =>
      stage.batches
        .map((plan) => asDrawn(plan, stage))
        .filter(({ mix, questions }) => mix[name] !== undefined && questions > 0)
        .map((plan) => ({ plan, hears: stage.hears })),
    )
    const weighted = drawn.length > 0 ? Object.entries(source.tasks ?? {}) : []
    const named = weighted.filter(([, weight]) => weight > 0).map(([task]) => task)
    for (const task of named) keys.set(task, [...(keys.get(task) ?? []), `sources.${name}.tasks.${task}`])
    for (const { plan, hears } of drawn) {
      if (named.every((task) => asked.has(task))) break
      const unasked = open(name, plan, hears).unasked?.(plan.seconds) ?? []
      for (const task of named) if (!unasked.includes(task)) asked.add(task)
    }
  }
  return [...keys]
    .filter(([task]) => !asked.has(task))
    .map(
      ([task, named]) =>
        `${named.join(', ')}: ${task} is never asked there, since nothing that is drawn allows it`,
    )
}

/** What a source says beside its kind and its sets. */
function optionsOf<S extends { readonly kind: string; readonly sets?: readonly string[] }>({
  kind: _,
  sets: __,
  ...options
}: S) {
  return options
}

/** @throws PalError for an encoder that has no labels */
function imaginedBySource(
  { sources }: Recipe,
  { encoders }: Pick<ModelConfig, 'encoders'>,
): ReadonlyMap<string, ImaginedNames> {
  const found = new Map<string, ImaginedNames>()
  for (const [name, source] of Object.entries(sources)) {
    if (source.kind !== 'imagined') continue
    const key = `sources.${name}`
    const encoder = encoders.find((one) => one.name === source.encoder)?.encoder
    const labels = encoder && labelsOf(encoder)
    if (!labels) {
      throw new PalError(
        `expected an encoder with \`labels\`, whose scores can be imagined, got "${source.encoder}"${encoder ? ` of kind "${encoder.kind}"` : ''} without`,
        { key: `${key}.encoder` },
      )
    }
    found.set(name, imaginedNames(labels, source.labels ?? ['*'], { key: `${key}.labels` }))
  }
  return found
}

/** A batch as a stage draws it: only answers are learnt from questions, all else from what sounds. */
export function asDrawn(plan: BatchPlan, { objective }: Stage): BatchPlan {
  return objective === 'answers' ? plan : { ...plan, questions: 0 }
}

function expectSounds({ objective }: Stage, { mix }: BatchPlan, { sources }: Recipe): void {
  if (objective === 'answers') return
  for (const name of Object.keys(mix)) {
    const kind = sources[name]?.kind
    if (kind === 'clips' || kind === 'scenes') continue
    throw new PalError(
      `expected clips and scenes, whose sounds are known, for the objective "${objective}", got ${kind === 'manifest' ? 'a manifest' : 'imagined ones'}`,
      { key: `sources.${name}` },
    )
  }
}

/** @throws PalError for epochs of several sources, whose shares would not be those of their mix, and of what has no end */
function expectEpochs({ batches }: Stage, source: Source): void {
  const names = batches.flatMap(({ mix }) => Object.keys(mix))
  if (names.length > 1) {
    throw new PalError(`expected one source, for an epoch to be all of it once, got ${names.join(', ')}`, {
      hint: 'Give a stage of epochs one kind of batch that draws from one source, or say how many steps it has instead.',
    })
  }
  if (source.examples) return
  throw new PalError('expected a source that has an end, for epochs, got one that is new at every draw', {
    key: `sources.${names[0]}`,
    hint: 'Manifests have one, and clips without `backgroundChance`. Or say how many steps the stage has instead.',
  })
}

/** So many warnings are told one by one, more are counted. */
const FEW = 3

function tell(warnings: readonly string[], about: string, onWarning?: (message: string) => void): void {
  const [first] = warnings
  if (warnings.length > FEW) onWarning?.(`${about}: ${warnings.length} warnings, the first: ${first}`)
  else for (const warning of warnings) onWarning?.(warning)
}
