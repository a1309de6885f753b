import { PalError } from '../../errors.js'
import type { Random } from '../../random.js'
import { choked } from '../augment/choke.js'
import { clipId } from '../clips/clip.js'
import { crop, longestStretch, shortestPart, shortestSeconds, sounding } from '../clips/crop.js'
import type { LoadedClip } from '../clips/load-clips.js'
import { expectRange, type Range } from '../range.js'
import { activeRms, fromDecibels, peak, toDecibels } from '../signal/level.js'
import { makeNoise } from '../signal/noise.js'
import type { Scene, SceneEvent } from './scene.js'

export interface SceneOptions {
  readonly maxSeconds?: number
  /** Pause before, between and after the events; the ones at the ends may shrink to nothing. */
  readonly gapSeconds?: Range
  /** Probability that an event begins before the one before it ends. Starts and ends stay in order. */
  readonly overlap?: number
  /** RMS of each event while it sounds, dB full scale. */
  readonly levelDb?: Range
  /** Background noise, white or pink, in dB below the quietest event; `false` for none. */
  readonly noiseBelowDb?: Range | false
  /** The most taken of a sound or of a drum's ring. Digits are never cut: half a word is another word. */
  readonly clipSeconds?: Range
  /** Probability that a drum is choked: see `choked`. */
  readonly chokeChance?: number
  /** A change made to each clip's part before it is mixed (see `augment`), never its place in time. */
  readonly alter?: (samples: Float32Array, random: Random) => Float32Array
}

export const sceneDefaults = {
  maxSeconds: 10,
  gapSeconds: [0.1, 0.8],
  overlap: 0,
  levelDb: [-34, -14],
  noiseBelowDb: [15, 50],
  clipSeconds: [1, 2.5],
  chokeChance: 0,
} as const satisfies SceneOptions

/** The ranges of a scene, and the least of each, where there is one. */
const leastOf = [
  ['gapSeconds', 0],
  ['levelDb', undefined],
  ['noiseBelowDb', undefined],
  ['clipSeconds', shortestSeconds],
] as const

/** @throws PalError for times or levels that no scene can have, naming the setting as one of a source */
export function checkScene(scene: SceneOptions, source: string): void {
  for (const [name, least] of leastOf) {
    const range = scene[name]
    if (range) expectRange(range, `${source}.scene.${name}`, least)
  }
}

type Settings = Required<Omit<SceneOptions, 'alter'>> & Pick<SceneOptions, 'alter'>

/** Cut edges are faded over this time so that no click tells where a clip begins. */
const fadeSeconds = 0.005

/**
 * A scene of the given clips, one after the other in the order given, each but the digits shortened to where
 * it sounds. The events' times and levels are those of what was mixed, so they are the ground truth.
 * @throws PalError when the clips do not fit into `maxSeconds` (see `shortestScene`).
 */
export function composeScene(
  clips: readonly LoadedClip[],
  random: Random,
  options: SceneOptions = {},
): Scene {
  const settings: Settings = { ...sceneDefaults, ...options }
  const sampleRate = commonRate(clips)
  const parts = clips.map((clip) => takePart(clip, random, settings))
  const { lengths, gaps } = fit(parts, random, settings)
  const placed = place(
    parts.map((part, i) => shorten(part, lengths[i] as number)),
    gaps,
    random,
    settings,
  )
  const last = placed[placed.length - 1] as Placed
  const length = Math.round((last.start + seconds(last) + (gaps[clips.length] as number)) * sampleRate)
  // Each part was rounded to whole samples; together they may be a few samples over.
  const samples = new Float32Array(Math.min(length, Math.floor(settings.maxSeconds * sampleRate)))
  const events = placed.map((part) => mixIn(samples, part, random.uniform(...settings.levelDb)))
  addBackground(samples, events, random, settings.noiseBelowDb)
  return limitPeak({ samples, sampleRate, seconds: samples.length / sampleRate, events })
}

/** The shortest scene, in seconds, into which these clips always fit. */
export function shortestScene(clips: readonly LoadedClip[], options: SceneOptions = {}): number {
  const { gapSeconds, alter } = { ...sceneDefaults, ...options }
  const stretch = alter ? longestStretch : 1
  // A little more for each clip: lengths are rounded to samples.
  const parts = clips.map((clip) => shortestPart(clip.kind, clip.seconds * stretch) + 0.01)
  return sum(parts) + gapSeconds[0] * (clips.length - 1)
}

interface Part {
  readonly clip: LoadedClip
  readonly samples: Float32Array
}

interface Placed extends Part {
  /** seconds */
  readonly start: number
}

const seconds = ({ samples, clip }: Part) => samples.length / clip.sampleRate

function commonRate(clips: readonly LoadedClip[]): number {
  const rates = new Set(clips.map((clip) => clip.sampleRate))
  const [rate] = rates
  if (rate !== undefined && rates.size === 1) return rate
  throw new RangeError(
    `composeScene: expected clips of one sample rate, got ${[...rates].join(', ') || 'no clip'}`,
  )
}

/** What of the clip goes into the scene before anything has to fit. */
function takePart(clip: LoadedClip, random: Random, { clipSeconds, chokeChance, alter }: Settings): Part {
  const { kind, sampleRate } = clip
  const most = Math.round(random.uniform(...clipSeconds) * sampleRate)
  const whole = crop(sounding(clip.samples, kind, sampleRate), most, kind, sampleRate, random)
  const taken = choked(whole, kind, sampleRate, chokeChance, random)
  const altered = alter ? alter(taken, random) : taken
  const longest = Math.round(taken.length * longestStretch)
  return { clip, samples: sounding(altered.subarray(0, longest), kind, sampleRate) }
}

function shorten({ clip, samples }: Part, length: number): Part {
  const { kind, sampleRate } = clip
  const cut = crop(samples, Math.round(length * sampleRate), kind, sampleRate)
  return { clip, samples: sounding(cut, kind, sampleRate) }
}

/** Lengths of the parts and of the gaps around them, in seconds, all shortened in proportion if they must be. */
function fit(parts: readonly Part[], random: Random, { gapSeconds, maxSeconds }: Settings) {
  const gaps = Array.from({ length: parts.length + 1 }, () => random.uniform(...gapSeconds))
  const lengths = parts.map(seconds)
  const shortestGaps = gaps.map((_, i) => (i === 0 || i === parts.length ? 0 : gapSeconds[0]))
  const shortest = parts.map((part) => shortestPart(part.clip.kind, seconds(part)))
  const excess = Math.max(0, sum(lengths) + sum(gaps) - maxSeconds)
  const slack = sum(lengths) + sum(gaps) - sum(shortest) - sum(shortestGaps)
  if (excess > slack + 1e-9) {
    throw new PalError(
      `expected clips that fit into ${maxSeconds} s, got ${parts.length} that need ${(sum(shortest) + sum(shortestGaps)).toFixed(2)} s`,
      { key: 'maxSeconds', hint: 'Allow longer scenes, fewer events in each or shorter gaps.' },
    )
  }
  const share = slack === 0 ? 0 : excess / slack
  const squeeze = (value: number, least: number) => value - (value - least) * share
  return {
    lengths: lengths.map((value, i) => squeeze(value, shortest[i] as number)),
    gaps: gaps.map((value, i) => squeeze(value, shortestGaps[i] as number)),
  }
}

/**
 * Where the parts begin. An overlapping part begins in the second half of the one before and ends at least
 * half its length after it, so "first", "last" and "then" stay true whichever end one listens to.
 */
function place(
  parts: readonly Part[],
  gaps: readonly number[],
  random: Random,
  { overlap }: Settings,
): Placed[] {
  const placed: Placed[] = []
  for (const [i, part] of parts.entries()) {
    const before = placed[i - 1]
    const gap = gaps[i] as number
    if (!before) {
      placed.push({ ...part, start: gap })
      continue
    }
    const end = before.start + seconds(before)
    const earliest = Math.max(before.start + seconds(before) / 2, end - seconds(part) / 2)
    placed.push({ ...part, start: random.chance(overlap) ? random.uniform(earliest, end) : end + gap })
  }
  return placed
}

/** Adds the part so that it has the given level, and says what can be heard of it, and when. */
function mixIn(samples: Float32Array, { clip, samples: part, start }: Placed, levelDb: number): SceneEvent {
  const { sampleRate, label, kind } = clip
  const offset = Math.round(start * sampleRate)
  const faded = fadeEdges(part.subarray(0, samples.length - offset), sampleRate)
  const gain = fromDecibels(levelDb) / activeRms(faded, sampleRate)
  for (let i = 0; i < faded.length; i++) {
    samples[offset + i] = (samples[offset + i] as number) + gain * (faded[i] as number)
  }
  const end = offset + faded.length
  const times = { startSeconds: offset / sampleRate, endSeconds: end / sampleRate }
  return { label, kind, ...times, levelDb, clip: clipId(clip) }
}

function fadeEdges(samples: Float32Array, sampleRate: number): Float32Array {
  const faded = samples.slice()
  const last = faded.length - 1
  const fade = Math.min(Math.round(fadeSeconds * sampleRate), faded.length >> 1)
  for (let i = 0; i < fade; i++) {
    const gain = (i + 1) / (fade + 1)
    faded[i] = (faded[i] as number) * gain
    faded[last - i] = (faded[last - i] as number) * gain
  }
  return faded
}

function addBackground(
  samples: Float32Array,
  events: readonly SceneEvent[],
  random: Random,
  below: Range | false,
): void {
  if (!below) return
  const quietest = Math.min(...events.map((event) => event.levelDb))
  const level = fromDecibels(quietest - random.uniform(...below))
  const noise = makeNoise(samples.length, random.pick(['white', 'pink']), level, random)
  for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] as number) + (noise[i] as number)
}

/** A scene that would clip is made quieter as a whole, its levels with it. */
function limitPeak(scene: Scene): Scene {
  const highest = peak(scene.samples)
  if (highest <= 0.99) return scene
  const gain = 0.99 / highest
  for (let i = 0; i < scene.samples.length; i++) scene.samples[i] = (scene.samples[i] as number) * gain
  const change = toDecibels(gain)
  return { ...scene, events: scene.events.map((event) => ({ ...event, levelDb: event.levelDb + change })) }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
