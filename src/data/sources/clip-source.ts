import { PalError } from '../../errors.js'
import type { Random } from '../../random.js'
import { type AugmentSteps, augment, augmentDefaults, checkAugment } from '../augment/augment.js'
import { choked } from '../augment/choke.js'
import { BalancedClips } from '../clips/balanced-clips.js'
import { crop, longestStretch, shortestSeconds, sounding } from '../clips/crop.js'
import type { LoadedClip } from '../clips/load-clips.js'
import type { SceneEvent } from '../scenes/scene.js'
import { activeRms, toDecibels } from '../signal/level.js'
import type { Draw, Examples, Source } from '../source.js'
import { type AskingOptions, asker, checkChoke, drawBackground, rateOf } from './synthetic-source.js'

export interface ClipSourceOptions extends AskingOptions {
  /** Changes to the augmentation; `false` for the clips as they are. */
  readonly augment?: AugmentSteps | false
}

/**
 * Single clips, of those that can be asked about, drawn evenly over labels, augmented, with questions about each.
 * @throws PalError for settings by which nothing can be drawn
 */
export function clipSource(clips: readonly LoadedClip[], options: ClipSourceOptions = {}): Source {
  const { name = 'clips', chokeChance = 0, augment: steps = {} } = options
  const sampleRate = rateOf(clips, name)
  checkAugment(steps, name)
  checkChoke(clips, chokeChance, name)
  const { backgroundChance, tasks, allows, unasked, ask } = asker(clips, options, name)
  const asked = clips.filter((clip) => allows(timelineOf(clip)))
  if (asked.length === 0) {
    throw new PalError(`expected a task that can be asked about a recording by itself, got ${tasks}`, {
      key: `${name}.tasks`,
      hint: 'Add one that can be asked about anything, name or caption, or draw from scenes.',
    })
  }
  const balanced = new BalancedClips(asked)
  const shift = steps ? { ...augmentDefaults.shift, ...steps.shift }.range[1] : 0
  const stretch = steps ? longestStretch : 1
  /** What a clip may take of so many seconds before it is augmented. */
  const room = (maxSeconds: number) => (maxSeconds - shift) / stretch

  function check(maxSeconds: number): void {
    if (asked.some((clip) => fits(clip, room(maxSeconds)))) return
    throw new PalError(`expected clips that fit into ${maxSeconds} s, got none among ${asked.length}`, {
      key: name,
      hint: 'Allow more seconds: spoken digits are never cut.',
    })
  }

  function drawWithin(random: Random, maxSeconds: number): Draw {
    if (random.chance(backgroundChance)) return ask(drawBackground(sampleRate, random, maxSeconds), random)
    check(maxSeconds) // One fits, so it will be drawn.
    let clip = balanced.draw(random)
    while (!fits(clip, room(maxSeconds))) clip = balanced.draw(random)
    return drawClip(clip, random, maxSeconds)
  }

  function drawClip(clip: LoadedClip, random: Random, maxSeconds: number): Draw {
    const samples = choked(
      shortened(clip, room(maxSeconds), random),
      clip.kind,
      sampleRate,
      chokeChance,
      random,
    )
    const augmented = steps ? augment(samples, random, { sampleRate, steps }) : undefined
    const changed = augmented?.samples ?? samples
    // The tail of a reverb is all that can lie beyond.
    const part = changed.subarray(0, Math.floor(maxSeconds * sampleRate))
    const draw = ask({ samples: part, events: [wholeEvent(clip, part)] }, random)
    return {
      ...draw,
      recurs: changed === clip.samples,
      ...(augmented && { augmented: [augmented.applied] }),
    }
  }

  return {
    name,
    sampleRate,
    check,
    unasked: (maxSeconds) => unasked(asked.filter((clip) => fits(clip, room(maxSeconds))).map(timelineOf)),
    drawWithin,
    draw: (random) => drawWithin(random, Number.POSITIVE_INFINITY),
    ...(!options.backgroundChance && { examples }),
  }

  /** Each clip that fits, with neither silence nor noise among them. */
  function examples(maxSeconds: number): Examples {
    check(maxSeconds)
    const fitting = asked.filter((clip) => fits(clip, room(maxSeconds)))
    return {
      size: fitting.length,
      at: (index, random) => drawClip(fitting[index] as LoadedClip, random, maxSeconds),
    }
  }
}

/** Whether a clip, or a part of it, is no longer than that; of a digit there are no parts. */
const fits = ({ kind, seconds }: LoadedClip, room: number) =>
  seconds <= room || (kind !== 'digit' && room >= shortestSeconds)

/** The timeline of a clip by itself, as far as it decides what can be asked. */
const timelineOf = ({ label, kind, seconds }: LoadedClip): readonly SceneEvent[] => [
  { label, kind, startSeconds: 0, endSeconds: seconds, levelDb: 0 },
]

function shortened({ samples, seconds, kind, sampleRate }: LoadedClip, room: number, random: Random) {
  if (seconds <= room) return samples
  return crop(sounding(samples, kind, sampleRate), Math.floor(room * sampleRate), kind, sampleRate, random)
}

function wholeEvent({ label, kind, sampleRate }: LoadedClip, samples: Float32Array): SceneEvent {
  const levelDb = toDecibels(activeRms(samples, sampleRate))
  return { label, kind, startSeconds: 0, endSeconds: samples.length / sampleRate, levelDb }
}
