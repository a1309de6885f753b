import { PalError } from '../../errors.js'
import { Random } from '../../random.js'
import type { LoadedClip } from '../clips/load-clips.js'
import { type AskOptions, askSeveral, canBeAsked } from '../questions/index.js'
import type { Task, Vocabulary } from '../questions/task.js'
import { vocabularyOf } from '../questions/vocabulary.js'
import type { WordingSplit } from '../questions/wording.js'
import { composeNoise, composeSilence } from '../scenes/background.js'
import type { Scene } from '../scenes/scene.js'
import type { Draw } from '../source.js'

/** What sources whose questions are made from a timeline have in common. */
export interface AskingOptions {
  readonly name?: string
  readonly wordings?: WordingSplit
  /** How often each task is asked; tasks not named are not asked. All alike when absent. */
  readonly tasks?: Readonly<Partial<Record<Task, number>>>
  /** All labels that may be asked about; the clips' own when absent. */
  readonly vocabulary?: Vocabulary
  /** Each of a task drawn by its weight; 0 where nobody reads questions. @default 4 */
  readonly questionsPerAudio?: number
  /** Whether answers of yes or no begin with what is heard: see `AskOptions`. */
  readonly evidence?: boolean
  /** Probability that the audio is silence or mere noise. @default 0.03 where a task can be asked about these, else 0 */
  readonly backgroundChance?: number
  /** Probability that a drum is choked: see `choked`. @default 0 */
  readonly chokeChance?: number
}

/** How a source asks about what it draws. */
export interface Asker {
  /** How often it draws silence or noise. */
  readonly backgroundChance: number
  /** The tasks, for messages. */
  readonly tasks: string
  /** Whether its questions can be asked about a timeline. */
  allows(events: Scene['events']): boolean
  /** Those of the tasks named that none of these timelines allows; the first ones that allow all of them are enough. */
  unasked(timelines: Iterable<Scene['events']>): readonly Task[]
  /** The draw of a scene that it allows, with questions, one list for one audio. */
  ask(scene: Pick<Scene, 'samples' | 'events'>, random: Random): Draw
}

/** @throws PalError for no task, and for silence and noise where no task can be asked about them */
export function asker(clips: readonly LoadedClip[], options: AskingOptions, source: string): Asker {
  const { wordings = 'train', tasks, questionsPerAudio = 4, vocabulary = vocabularyOf(clips) } = options
  const asking = { wordings, vocabulary, ...(tasks && { tasks }), evidence: options.evidence ?? false }
  const named = (Object.keys(tasks ?? {}) as Task[]).filter((task) => tasks?.[task])
  if (tasks && named.length === 0) {
    throw new PalError('expected at least one task that is asked, got none', {
      key: `${source}.tasks`,
      hint: 'Leave `tasks` out to ask all of them.',
    })
  }
  const asked = named.join(', ')
  const allows = (events: Scene['events']) => questionsPerAudio === 0 || canBeAsked(events, asking)
  const background = allows(drawBackground(100, new Random('background'), 1).events)
  const { backgroundChance = background ? 0.03 : 0 } = options
  if (backgroundChance > 0 && !background) {
    throw new PalError(`expected a task that can be asked about silence and noise, got ${asked}`, {
      key: `${source}.tasks`,
      hint: 'Add name or caption, or leave `backgroundChance` out.',
    })
  }
  return {
    backgroundChance,
    tasks: asked,
    allows,
    unasked(timelines) {
      const left = new Set(questionsPerAudio === 0 ? [] : named)
      if (backgroundChance > 0) tick(left, drawBackground(100, new Random('background'), 1).events, asking)
      for (const events of timelines) {
        if (left.size === 0) break
        tick(left, events, asking)
      }
      return [...left]
    },
    ask: ({ samples, events }, random) => ({
      samples,
      turns: askSeveral(events, random, questionsPerAudio, asking),
      sounds: events,
    }),
  }
}

/** Takes away what a timeline allows. */
function tick(tasks: Set<Task>, events: Scene['events'], asking: AskOptions): void {
  for (const task of tasks) {
    if (canBeAsked(events, { ...asking, tasks: { [task]: 1 } })) tasks.delete(task)
  }
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

/** @throws PalError for drums to choke where there are none */
export function checkChoke(clips: readonly LoadedClip[], chance: number, source: string): void {
  if (chance === 0 || clips.some(({ kind }) => kind === 'drum')) return
  throw new PalError(`expected recordings of drums to choke, got none among ${clips.length}`, {
    key: `${source}.chokeChance`,
  })
}
