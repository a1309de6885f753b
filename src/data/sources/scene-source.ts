import { PalError } from '../../errors.js'
import { Random } from '../../random.js'
import type { Applied } from '../augment/applied.js'
import { type AugmentSteps, augment, augmentInScene, checkAugment } from '../augment/augment.js'
import { BalancedClips } from '../clips/balanced-clips.js'
import type { LoadedClip } from '../clips/load-clips.js'
import {
  checkScene,
  composeScene,
  type SceneOptions,
  sceneDefaults,
  shortestScene,
} from '../scenes/compose.js'
import type { Scene } from '../scenes/scene.js'
import type { Draw, Source } from '../source.js'
import { type AskingOptions, asker, checkChoke, drawBackground, rateOf } from './synthetic-source.js'

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

/** Casts and scenes drawn before giving up on those that fit, and that can be asked about. */
const drawPatience = 1000
/** Draws by which a source is tried out, with less patience: what passes then does not fail at some late step. */
const trials = 8
const trialPatience = 100
/** Scenes by which a task is found that can be asked about hardly any. */
const taskTrials = 200

/**
 * Scenes of one to four clips with questions about their timelines.
 * @throws PalError for settings by which nothing can be drawn
 */
export function sceneSource(clips: readonly LoadedClip[], options: SceneSourceOptions = {}): Source {
  const { name = 'scenes', chokeChance = 0, augment: steps = {} } = options
  const sampleRate = rateOf(clips, name)
  checkAugment(steps, name)
  checkScene(options.scene ?? {}, name)
  checkCounts(options.eventCounts, name)
  checkChoke(clips, chokeChance, name)
  const { backgroundChance, tasks, allows, unasked, ask } = asker(clips, options, name)
  const balanced = new BalancedClips(clips)
  /** Changes a scene's parts, one after the other, and tells what was done. */
  const altering = (augmented: Applied[]) =>
    steps && {
      alter(part: Float32Array, random: Random) {
        const inScene = { ...augmentInScene, ...steps }
        const { samples, applied } = augment(part, random, { sampleRate, steps: inScene })
        augmented.push(applied)
        return samples
      },
    }

  function drawScene(random: Random, allowed: number, patience: number): Draw {
    const maxSeconds = Math.min(allowed, options.scene?.maxSeconds ?? sceneDefaults.maxSeconds)
    if (random.chance(backgroundChance)) return ask(drawBackground(sampleRate, random, maxSeconds), random)
    for (let attempt = 0; attempt < patience; attempt++) {
      const augmented: Applied[] = []
      const settings = { ...options.scene, ...altering(augmented), chokeChance, maxSeconds }
      const cast = drawCast(balanced, random, settings, options, name, patience)
      const scene = composeScene(cast, random, settings)
      if (allows(scene.events)) return { ...ask(scene, random), ...(steps && { augmented }) }
    }
    throw new PalError(
      `expected a task that can be asked about these scenes, got ${tasks}: ${patience} were drawn in vain`,
      { key: `${name}.tasks`, hint: 'Add one that can be asked about anything, name or caption.' },
    )
  }

  /** Of scenes that are drawn to see what can be asked: what is done to their sounds is nothing to that. */
  function* timelines(allowed: number): Iterable<Scene['events']> {
    const maxSeconds = Math.min(allowed, options.scene?.maxSeconds ?? sceneDefaults.maxSeconds)
    const settings = { ...options.scene, noiseBelowDb: false as const, maxSeconds }
    for (let trial = 0; trial < taskTrials; trial++) {
      const random = new Random('tasks', trial)
      const cast = drawCast(balanced, random, settings, options, name, drawPatience)
      yield composeScene(cast, random, settings).events
    }
  }

  function check(maxSeconds: number): void {
    for (let trial = 0; trial < trials; trial++) {
      drawScene(new Random('check', trial), maxSeconds, trialPatience)
    }
  }

  return {
    name,
    sampleRate,
    check,
    unasked: (maxSeconds) => unasked(timelines(maxSeconds)),
    drawWithin: (random, maxSeconds) => drawScene(random, maxSeconds, drawPatience),
    draw: (random) => drawScene(random, Number.POSITIVE_INFINITY, drawPatience),
  }
}

function checkCounts(eventCounts: readonly number[] | undefined, source: string): void {
  if (!eventCounts || eventCounts.some((weight) => weight > 0)) return
  throw new PalError(
    `expected how often a scene has one, two … events, one of these above 0, got [${eventCounts.join(', ')}]`,
    { key: `${source}.eventCounts` },
  )
}

/** The clips of a scene, as many of those drawn as fit. */
function drawCast(
  clips: BalancedClips,
  random: Random,
  scene: SceneOptions & { readonly maxSeconds: number },
  options: SceneSourceOptions,
  source: string,
  patience: number,
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
