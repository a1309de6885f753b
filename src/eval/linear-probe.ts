import { clipId } from '../data/clips/clip.js'
import type { LoadedClip } from '../data/clips/load-clips.js'
import type { Draw, Sound } from '../data/source.js'
import { sceneSource } from '../data/sources/scene-source.js'
import { PalError } from '../errors.js'
import { FrozenEncoder } from '../features/frozen-encoder.js'
import { findModel } from '../hub/find-model.js'
import { joined } from '../joined.js'
import type { ChosenBases } from '../model/bases/chosen-bases.js'
import type { NamedEncoder } from '../model/config/config.js'
import { windowSamples } from '../model/network/padded-samples.js'
import { type OpenedModel, openModel } from '../model/stored/model-folder.js'
import { Random } from '../random.js'
import { Arena } from '../runtime/arena.js'
import { Runtime } from '../runtime/runtime.js'
import { loadRecipe } from '../train/recipe/load-recipe.js'
import type { Recipe } from '../train/recipe/recipe.js'
import { tokensWhile } from '../train/sounds.js'
import { loadSets } from '../train/sources.js'

/**
 * What a model's encoders make of a recipe's recordings, for a linear classifier; reference/linear_probe.py starts it:
 *
 *   node dist/eval/linear-probe.js ASKED
 *
 * ASKED is JSON, as `Asked` says. Every recording alone, and every sound of a scene, becomes a line of JSON: what it is, whether
 * it is held out, and the mean and the maximum, over the time that it lasts, of each encoder's own tokens, those that its
 * connector is given, as float32 in base64.
 */

interface Asked {
  readonly model: string
  readonly bases: ChosenBases
  readonly recipe: string
  readonly changes: readonly string[]
  /** Only these. All if there are none, as with encoders. */
  readonly sets: readonly string[]
  readonly encoders: readonly string[]
  /** So many scenes of two of the recordings held out, and `FITTED` times as many of those trained on. */
  readonly scenes: number
}

/** Scenes are no longer: most that the models that ship were trained on are of that length. */
const SCENE_SECONDS = 5.12
const FITTED = 4

async function main({ model, bases, recipe: file, changes, sets, encoders, scenes }: Asked): Promise<void> {
  const { recipe } = await loadRecipe(file, changes)
  const { data } = recipe
  const chosenSets = chosen(new Map(Object.entries(data.sets)), sets, '--sets')
  const opened = await openModel(findModel(model), bases)
  const named = new Map(opened.config.model.encoders.map((encoder) => [encoder.name, encoder]))
  const ears = chosen(named, encoders, '--encoders')
  const clips = await clipsOf(
    { ...recipe, data: { ...data, sets: Object.fromEntries(chosenSets) } },
    opened.config.sampleRate,
  )
  const runtime = await Runtime.start()
  try {
    await probe(
      clips,
      await Promise.all([...ears.values()].map((ear) => Ear.open(ear, opened, runtime))),
      scenes,
    )
  } finally {
    await runtime.close()
  }
}

async function probe(clips: readonly Split[], ears: readonly Ear[], scenes: number): Promise<void> {
  for (const { clip, heldOut } of clips) {
    const [heard] = await hear(clip.samples, ['all of it'], ears)
    print(clip, heldOut, false, heard!)
  }
  const byId = new Map(clips.map(({ clip }) => [clipId(clip), clip]))
  const seconds = Math.min(SCENE_SECONDS, ...ears.map(({ named }) => named.encoder.windowSeconds))
  for (const heldOut of [false, true]) {
    for (const { samples, sounds = [] } of drawScenes(
      clips,
      heldOut,
      heldOut ? scenes : FITTED * scenes,
      seconds,
    )) {
      const heard = await hear(samples, sounds, ears)
      for (const [i, { clip }] of sounds.entries()) print(byId.get(clip!)!, heldOut, true, heard[i]!)
    }
  }
}

interface Split {
  readonly clip: LoadedClip
  readonly heldOut: boolean
}

async function clipsOf(recipe: Recipe, sampleRate: number): Promise<readonly Split[]> {
  const sets = await loadSets(recipe, 'all', sampleRate, {
    onWarning: (message) => process.stderr.write(`${message}\n`),
  })
  return [...sets].flatMap(([name, clips]) =>
    clips.map((clip) => ({ clip, heldOut: recipe.data.sets[name]!.heldOut.includes(clip.group) })),
  )
}

/** @param seconds that each has at most, so that none is heard in parts */
function drawScenes(
  clips: readonly Split[],
  heldOut: boolean,
  count: number,
  seconds: number,
): readonly Draw[] {
  if (count === 0) return []
  const source = sceneSource(
    clips.filter((one) => one.heldOut === heldOut).map(({ clip }) => clip),
    {
      eventCounts: [0, 1],
      ...{ augment: false, backgroundChance: 0, countingChance: 0, repeatChance: 0, questionsPerAudio: 0 },
    },
  )
  return Array.from({ length: count }, (_, i) =>
    source.drawWithin(new Random('linear probe', heldOut ? 'held out' : 'trained on', i), seconds),
  )
}

/** One encoder, as it is asked for features. */
class Ear {
  readonly named: NamedEncoder
  readonly #frozen: FrozenEncoder

  private constructor(named: NamedEncoder, frozen: FrozenEncoder) {
    this.named = named
    this.#frozen = frozen
  }

  static async open(encoder: NamedEncoder, { config, weights }: OpenedModel, runtime: Runtime): Promise<Ear> {
    const options = { encoder, runtime, config: config.model, parameters: new Arena([]), frozen: weights }
    return new Ear(encoder, await FrozenEncoder.open(options))
  }

  /** [tokens, hiddenSize], window by window where audio is longer than one. */
  async tokens(samples: Float32Array): Promise<Float32Array> {
    const window = windowSamples(this.named)
    const parts: Float32Array[] = []
    for (let start = 0; start < samples.length; start += window) {
      parts.push(await this.#frozen.features(samples.subarray(start, start + window), false))
    }
    return joined(parts)
  }
}

/** For each sound of an audio what each encoder makes of it. */
async function hear(
  samples: Float32Array,
  sounds: readonly (Sound | 'all of it')[],
  ears: readonly Ear[],
): Promise<readonly Readonly<Record<string, string>>[]> {
  const heard: Record<string, string>[] = sounds.map(() => ({}))
  for (const ear of ears) {
    const { name, encoder } = ear.named
    const tokens = await ear.tokens(samples)
    const count = tokens.length / encoder.hiddenSize
    for (const [i, sound] of sounds.entries()) {
      const { first, end } =
        sound === 'all of it' ? { first: 0, end: count } : tokensWhile(ear.named, count, sound)
      const own = tokens.subarray(first * encoder.hiddenSize, end * encoder.hiddenSize)
      heard[i]![name] = Buffer.from(meanAndMaximum(own, encoder.hiddenSize).buffer).toString('base64')
    }
  }
  return heard
}

function meanAndMaximum(tokens: Float32Array, size: number): Float32Array {
  const both = new Float32Array(2 * size).fill(Number.NEGATIVE_INFINITY, size)
  for (const [i, value] of tokens.entries()) {
    const at = i % size
    both[at] = both[at]! + (value * size) / tokens.length
    both[size + at] = Math.max(both[size + at]!, value)
  }
  return both
}

function print(
  clip: LoadedClip,
  heldOut: boolean,
  inScene: boolean,
  tokens: Readonly<Record<string, string>>,
): void {
  const { set, kind, label, group, source } = clip
  const recording = source === undefined ? clipId(clip) : `${set}, source ${source}`
  const sound = { set, kind, label, group, recording, heldOut, inScene, tokens }
  process.stdout.write(`${JSON.stringify(sound)}\n`)
}

/** @throws PalError for a name that there is not */
function chosen<T>(
  all: ReadonlyMap<string, T>,
  names: readonly string[],
  key: string,
): ReadonlyMap<string, T> {
  const wrong = names.find((name) => !all.has(name))
  if (wrong !== undefined) {
    throw new PalError(`expected ${[...all.keys()].join(', ')}, got "${wrong}"`, { key })
  }
  return names.length === 0 ? all : new Map([...all].filter(([name]) => names.includes(name)))
}

try {
  await main(JSON.parse(process.argv[2]!))
} catch (error) {
  if (!(error instanceof PalError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
