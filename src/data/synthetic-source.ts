import { PalError } from '../errors.js'
import type { Random } from '../random.js'
import type { AugmentSteps } from './augment.js'
import { composeNoise, composeSilence } from './background.js'
import type { LoadedClip } from './clip-library.js'
import { longestStretch } from './crop.js'
import { askSeveral } from './questions/index.js'
import type { Task, Vocabulary } from './questions/task.js'
import { vocabularyOf } from './questions/vocabulary.js'
import type { WordingSplit } from './questions/wording.js'
import type { Scene } from './scene.js'
import type { Draw } from './source.js'

/** What sources whose questions are made from a timeline have in common. */
export interface AskingOptions {
  readonly name?: string
  readonly wordings?: WordingSplit
  /** How often each task is asked; tasks not named are not asked. All alike when absent. */
  readonly tasks?: Readonly<Partial<Record<Task, number>>>
  /** All labels that may be asked about; the clips' own when absent. */
  readonly vocabulary?: Vocabulary
  /** Each of a task drawn by its weight. */
  readonly questionsPerAudio?: number
  /** Whether answers of yes or no begin with what is heard: see `AskOptions`. */
  readonly evidence?: boolean
  /** Probability that the audio is silence or mere noise. */
  readonly backgroundChance?: number
  /** Probability that a drum is choked: see `choked`. @default 0 */
  readonly chokeChance?: number
}

/** The questions of a source about any scene, one list for one audio. */
export function asker(clips: readonly LoadedClip[], options: AskingOptions) {
  const { wordings = 'train', tasks, questionsPerAudio = 4, vocabulary = vocabularyOf(clips) } = options
  const ask = { wordings, vocabulary, ...(tasks && { tasks }), evidence: options.evidence ?? false }
  return ({ samples, events }: Pick<Scene, 'samples' | 'events'>, random: Random): Draw => ({
    samples,
    turns: askSeveral(events, random, questionsPerAudio, ask),
    sounds: events,
  })
}

/** Silence or noise, each half of the time, of half a second to three. */
export function drawBackground(sampleRate: number, random: Random, maxSeconds: number): Scene {
  const most = Math.min(3, maxSeconds)
  const compose = random.chance(0.5) ? composeSilence : composeNoise
  return compose(random.uniform(Math.min(0.5, most), most), sampleRate, random)
}

/** @throws PalError for no clip, and for clips of several sample rates. */
export function rateOf(clips: readonly LoadedClip[], source: string): number {
  const rates = [...new Set(clips.map((clip) => clip.sampleRate))]
  const [rate] = rates
  if (rate !== undefined && rates.length === 1) return rate
  throw new PalError(`expected clips of one sample rate, got ${rates.join(', ') || 'no clip'}`, {
    key: source,
  })
}

/** @throws PalError for a speed so slow that the end of a word would be taken for a reverb's tail. */
export function checkStretch(steps: AugmentSteps | false, source: string): void {
  const slowest = steps ? (steps.speed?.range?.[0] ?? 1) : 1
  if (slowest >= 1 / longestStretch) return
  throw new PalError(`expected a speed of at least ${1 / longestStretch}, got ${slowest}`, {
    key: `${source}.augment.speed.range`,
  })
}

/** @throws PalError for drums to choke where there are none */
export function checkChoke(clips: readonly LoadedClip[], chance: number, source: string): void {
  if (chance === 0 || clips.some(({ kind }) => kind === 'drum')) return
  throw new PalError(`expected recordings of drums to choke, got none among ${clips.length}`, {
    key: `${source}.chokeChance`,
  })
}
