import { PalError } from '../errors.js'
import type { Random } from '../random.js'
import { type AugmentSteps, augment, augmentDefaults } from './augment.js'
import { BalancedClips } from './balanced.js'
import { choked } from './choke.js'
import type { LoadedClip } from './clip-library.js'
import { crop, longestStretch, sounding } from './crop.js'
import { activeRms, toDecibels } from './level.js'
import type { SceneEvent } from './scene.js'
import type { Draw, Source } from './source.js'
import {
  type AskingOptions,
  asker,
  checkChoke,
  checkStretch,
  drawBackground,
  rateOf,
} from './synthetic-source.js'

export interface ClipSourceOptions extends AskingOptions {
  /** Changes to the augmentation; `false` for the clips as they are. */
  readonly augment?: AugmentSteps | false
}

/** Clips drawn before giving up on finding a digit that fits: digits are never cut. */
const patience = 100

/** Single clips, drawn evenly over labels, augmented, with questions about each. */
export function clipSource(clips: readonly LoadedClip[], options: ClipSourceOptions = {}): Source {
  const { name = 'clips', backgroundChance = 0.03, chokeChance = 0, augment: steps = {} } = options
  const sampleRate = rateOf(clips, name)
  checkStretch(steps, name)
  checkChoke(clips, chokeChance, name)
  const balanced = new BalancedClips(clips)
  const ask = asker(clips, options)

  function drawWithin(random: Random, maxSeconds: number): Draw {
    if (random.chance(backgroundChance)) return ask(drawBackground(sampleRate, random, maxSeconds), random)
    const room = steps ? (maxSeconds - longestShift(steps)) / longestStretch : maxSeconds
    const { clip, samples: whole } = drawPart(balanced, random, room, maxSeconds, name)
    const samples = choked(whole, clip.kind, clip.sampleRate, chokeChance, random)
    const changed = steps ? augment(samples, random, { sampleRate, steps }).samples : samples
    // The tail of a reverb is all that can lie beyond.
    const part = changed.subarray(0, Math.floor(maxSeconds * sampleRate))
    const draw = ask({ samples: part, events: [wholeEvent(clip, part)] }, random)
    return { ...draw, recurs: changed === clip.samples }
  }

  return { name, sampleRate, drawWithin, draw: (random) => drawWithin(random, Number.POSITIVE_INFINITY) }
}

const longestShift = (steps: AugmentSteps) => ({ ...augmentDefaults.shift, ...steps.shift }).range[1]

function drawPart(clips: BalancedClips, random: Random, room: number, maxSeconds: number, source: string) {
  for (let attempt = 0; attempt < patience && room > 0; attempt++) {
    const clip = clips.draw(random)
    if (clip.seconds <= room) return { clip, samples: clip.samples }
    if (clip.kind === 'digit') continue
    const { kind, sampleRate } = clip
    const part = crop(
      sounding(clip.samples, kind, sampleRate),
      Math.floor(room * sampleRate),
      kind,
      sampleRate,
      random,
    )
    return { clip, samples: part }
  }
  throw new PalError(`expected clips that fit into ${maxSeconds} s, got none in ${patience} draws`, {
    key: source,
    hint: 'Allow more seconds: spoken digits are never cut.',
  })
}

function wholeEvent({ label, kind, sampleRate }: LoadedClip, samples: Float32Array): SceneEvent {
  const levelDb = toDecibels(activeRms(samples, sampleRate))
  return { label, kind, startSeconds: 0, endSeconds: samples.length / sampleRate, levelDb }
}
