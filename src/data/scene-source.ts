import { PalError } from '../errors.js'
import type { Random } from '../random.js'
import { type AugmentSteps, augment, augmentInScene } from './augment.js'
import { BalancedClips } from './balanced.js'
import type { LoadedClip } from './clip-library.js'
import { composeScene, type SceneOptions, sceneDefaults, shortestScene } from './compose.js'
import type { Draw, Source } from './source.js'
import {
  type AskingOptions,
  asker,
  checkChoke,
  checkStretch,
  drawBackground,
  rateOf,
} from './synthetic-source.js'

export interface SceneSourceOptions extends AskingOptions {
  readonly scene?: Omit<SceneOptions, 'alter' | 'chokeChance'>
  /** Changes to the augmentation of each part; `false` for the clips as they are. */
  readonly augment?: AugmentSteps | false
  /** How often a scene has one, two, three … events, relative to one another. */
  readonly eventCounts?: readonly number[]
  /** Probability that a scene is one digit or drum several times, for counting. */
  readonly countingChance?: number
  /** Probability that a digit or drum of any other scene comes twice. */
  readonly repeatChance?: number
}

const patience = 100

/** Scenes of one to four clips with questions about their timelines. */
export function sceneSource(clips: readonly LoadedClip[], options: SceneSourceOptions = {}): Source {
  const { name = 'scenes', backgroundChance = 0.03, chokeChance = 0, augment: steps = {} } = options
  const sampleRate = rateOf(clips, name)
  checkStretch(steps, name)
  checkChoke(clips, chokeChance, name)
  const balanced = new BalancedClips(clips)
  const ask = asker(clips, options)
  const alter = steps && {
    alter: (samples: Float32Array, random: Random) =>
      augment(samples, random, { sampleRate, steps: { ...augmentInScene, ...steps } }).samples,
  }

  function drawWithin(random: Random, allowed: number): Draw {
    const maxSeconds = Math.min(allowed, options.scene?.maxSeconds ?? sceneDefaults.maxSeconds)
    if (random.chance(backgroundChance)) return ask(drawBackground(sampleRate, random, maxSeconds), random)
    const scene = { ...options.scene, ...alter, chokeChance, maxSeconds }
    const cast = drawCast(balanced, random, scene, options, name)
    return ask(composeScene(cast, random, scene), random)
  }

  return { name, sampleRate, drawWithin, draw: (random) => drawWithin(random, Number.POSITIVE_INFINITY) }
}

/** The clips of a scene, as many of those drawn as fit. */
function drawCast(
  clips: BalancedClips,
  random: Random,
  scene: SceneOptions & { readonly maxSeconds: number },
  options: SceneSourceOptions,
  source: string,
): LoadedClip[] {
  for (let attempt = 0; attempt < patience; attempt++) {
    const cast = proposeCast(clips, random, options)
    while (cast.length > 0 && shortestScene(cast, scene) > scene.maxSeconds) cast.pop()
    if (cast.length > 0) return cast
  }
  throw new PalError(`expected clips that fit into ${scene.maxSeconds} s, got none in ${patience} draws`, {
    key: source,
    hint: 'Allow more seconds: spoken digits are never cut.',
  })
}

function proposeCast(
  clips: BalancedClips,
  random: Random,
  { eventCounts = [1, 3, 3, 2], countingChance = 0.25, repeatChance = 0.1 }: SceneSourceOptions,
): LoadedClip[] {
  if (clips.hasCountable && random.chance(countingChance)) {
    const first = clips.drawCountable(random)
    const more = random.integer(Math.max(4, eventCounts.length))
    return [first, ...Array.from({ length: more }, () => clips.drawLike(first, random))]
  }
  const counts = eventCounts.map((_, i) => i + 1)
  const count = random.weighted(counts, (value) => eventCounts[value - 1] as number)
  const cast = clips.drawDistinct(count, random)
  const at = cast.findIndex(({ kind }) => kind !== 'sound')
  if (at >= 0 && cast.length > 1 && random.chance(repeatChance)) {
    cast[(at + 1) % cast.length] = clips.drawLike(cast[at] as LoadedClip, random)
  }
  return cast
}
