import type { Samples } from '../audio/read-audio.js'
import { clipId } from '../data/clips/clip.js'
import type { LoadedClip } from '../data/clips/load-clips.js'
import type { Place } from '../data/place.js'
import { askAbout } from '../data/questions/index.js'
import type { AnswerVocabulary, Task, Vocabulary } from '../data/questions/task.js'
import type { WordingSplit } from '../data/questions/wording.js'
import { backgroundLabels } from '../data/scenes/background.js'
import type { SceneEvent } from '../data/scenes/scene.js'
import type { Draw, Sound, Source } from '../data/source.js'
import { type SceneSourceOptions, sceneSource } from '../data/sources/scene-source.js'
import { PalError } from '../errors.js'
import { Random } from '../random.js'
import type { Message } from '../text/chat.js'
import type { LoadedSets } from '../train/sources.js'
import type { ClosedAnswers } from './closed-answers.js'

/** One question about one audio, and what is right. */
export interface EvalItem {
  readonly id: string
  /** Items of one audio are asked together and resampled together. */
  readonly audio: string
  /** The recording that the audio was cut from, where it is not one by itself: see `clusterOf`. */
  readonly source?: string
  /** What is to be heard. It says its rate: whatever that is, a model hears it at the right speed. */
  readonly samples: () => Promise<Samples>
  /** Tells the recording from others that may come to lie in its place: see `stamped`. */
  readonly recording?: string
  /** What the result is listed under. */
  readonly task: string
  /** How the answer is scored: see `scoreAnswer`. */
  readonly scoring: string
  /** Which form of the task, for results by form. */
  readonly form?: string
  /** What else tells the task's questions apart, for results by it: `{ difficulty: 'easy' }`. */
  readonly facets?: Readonly<Record<string, string>>
  /** What stands before the question: a system's message. */
  readonly history?: readonly Message[]
  readonly question: string
  readonly expected: string
  readonly accept?: readonly string[]
  /** What a multiple-choice question offers, A first; `expected` is one of them. */
  readonly choices?: readonly string[]
  /** The labels that are right, where the task is `tags`: they may hold commas, as the list of them in `expected` does. */
  readonly tags?: readonly string[]
  /** What sounds, for results by class. */
  readonly label?: string
  /** What a composed scene is made of: which recordings, and when each is heard. */
  readonly sounds?: readonly Sound[]
  /** Every answer that there is to choose from, where it does not follow from what is above: see `closedAnswers`. */
  readonly closed?: ClosedAnswers
  /** Where it is written down, for messages. */
  readonly place?: Place
}

/** An item as it is kept with its answer. */
export type KeptItem = Omit<EvalItem, 'samples' | 'closed' | 'place'>

export interface ItemOptions {
  /** @default 1 */
  readonly seed?: number
  /** Scenes composed for each task about scenes. @default 200 */
  readonly scenes?: number
  /** Wordings that training never uses, or those that it does. @default 'held-out' */
  readonly wordings?: WordingSplit
  /** The same recordings at the rate that the model hears at. @default those that the questions are drawn from */
  readonly heard?: LoadedSets
}

/** Questions and the labels that answers may name. */
export interface EvalSet {
  readonly items: readonly EvalItem[]
  readonly vocabulary: AnswerVocabulary
}

/** Changes whenever the same seed would ask something else. */
export const QUESTIONS_VERSION = 4

/**
 * What is asked about recordings that training did not hear, in wordings that it did not see: each clip by itself,
 * openly and by yes or no and by choice, scenes composed of the clips, for order, count and captions, and silence and noise.
 * @param sets at `QUESTIONS_RATE`
 */
export function clipItems(
  sets: LoadedSets,
  known: Vocabulary,
  { seed = 1, scenes = 200, wordings = 'held-out', heard = sets }: ItemOptions = {},
): EvalSet {
  const clips = [...sets].flatMap(([set, loaded]) =>
    loaded.map((clip, i) => ({ set, clip, audio: heard.get(set)![i]! })),
  )
  const asking = { vocabulary: known, wordings }
  const items = clips.flatMap(({ set, clip, audio }) => {
    const random = new Random('eval', seed, set, clip.number)
    const item = (scoring: Task, task: string, number = 0) => ({
      ...clipItem(clip, scoring, task, random, asking, number),
      samples: async () => ({ samples: audio.samples, sampleRate: audio.sampleRate }),
    })
    const naming: readonly Task[] = clip.kind === 'sound' ? ['name', 'name'] : [clip.kind]
    return [
      ...naming.map((task, i) => item(task, set, i)),
      item('presence', 'presence'),
      item('choice', 'choice'),
    ]
  })
  const all = clips.map(({ clip }) => clip)
  const audible = heard === sets ? all : clips.map(({ audio }) => audio)
  const composed = Object.entries(SCENES).flatMap(([task, scene]) =>
    sceneItems(all, audible, { ...scene, task }, asking, seed, scenes),
  )
  return { items: [...items, ...composed], vocabulary: { ...known, background: backgroundLabels } }
}

/**
 * What `clipItems` can ask about sets of these names.
 * @throws PalError for a set that is called as a task is: their questions and results would be taken for one another
 */
export function clipTasks(sets: readonly string[]): readonly string[] {
  const others = ['presence', 'choice', ...Object.keys(SCENES)]
  const clash = sets.find((name) => others.includes(name))
  if (clash === undefined) return [...sets, ...others]
  throw new PalError(`expected another name of the set than ${others.join(', ')}, got "${clash}"`, {
    key: `data.sets.${clash}`,
    hint: 'These are tasks that recordings which are held out are asked.',
  })
}

/** Scenes of two clips for order, of one to four equal ones for count, of one to three for captions, of none for silence and noise. */
const SCENES = {
  order: { scoring: 'order', eventCounts: [0, 1] },
  count: { scoring: 'count', eventCounts: [1, 1, 1], countingChance: 1 },
  caption: { scoring: 'caption', eventCounts: [1, 1, 1] },
  background: { scoring: 'name', backgroundChance: 1 },
} as const satisfies Readonly<Record<string, SceneKind>>

type SceneKind = { readonly scoring: Task } & Pick<
  SceneSourceOptions,
  'eventCounts' | 'countingChance' | 'backgroundChance'
>

interface Asking {
  readonly vocabulary: Vocabulary
  readonly wordings: WordingSplit
}

function clipItem(
  clip: LoadedClip,
  scoring: Task,
  task: string,
  random: Random,
  asking: Asking,
  number: number,
): Omit<EvalItem, 'samples'> {
  const event: SceneEvent = { ...clip, startSeconds: 0, endSeconds: clip.seconds, levelDb: 0 }
  const { question, answer } = askAbout([event], random, { ...asking, tasks: { [scoring]: 1 } })
  return {
    id: `${clipId(clip)}:${task}:${number}`,
    audio: clipId(clip),
    task,
    scoring,
    question,
    expected: answer,
    label: clip.label,
    ...(clip.source !== undefined && { source: `${clip.set}, source ${clip.source}` }),
  }
}

/**
 * What is asked about a scene follows from every number that was drawn before, those of its noise included, and so from its rate: it is
 * composed at one rate to be asked about, and once more at another to be heard.
 * @param heard the same clips at the rate that the model hears at
 */
function sceneItems(
  clips: readonly LoadedClip[],
  heard: readonly LoadedClip[],
  { task, scoring, ...scene }: SceneKind & { readonly task: string },
  asking: Asking,
  seed: number,
  count: number,
): readonly EvalItem[] {
  const settings: SceneSourceOptions = {
    ...asking,
    // A scene that the task cannot ask about is asked for its name, and passed over.
    tasks: { name: 1e-9, [scoring]: 1 },
    questionsPerAudio: 1,
    augment: false,
    backgroundChance: 0,
    repeatChance: 0,
    countingChance: 0,
    ...scene,
  }
  const source = sceneSource(clips, settings)
  const audible = heard === clips ? source : sceneSource(heard, settings)
  const draw = (from: Source, number: number) => ({
    ...from.drawWithin(new Random('eval scene', seed, task, number), SCENE_SECONDS),
    sampleRate: from.sampleRate,
  })
  const items: EvalItem[] = []
  for (let number = 0; items.length < count && number < 20 * count; number++) {
    const drawn = draw(source, number)
    const [turn] = drawn.turns
    if (turn?.task !== scoring) continue
    const again = audible === source ? drawn : draw(audible, number)
    // Where rounding to other samples has led to another scene, the one that is asked about is heard.
    const { samples, sampleRate, sounds } = soundsAlike(again, drawn) ? again : drawn
    const background = sounds?.find(({ label }) => backgrounds.includes(label))
    items.push({
      id: `${task}:${number}`,
      audio: `${task}:${number}`,
      samples: async () => ({ samples, sampleRate }),
      task,
      scoring,
      ...(turn.form && { form: turn.form }),
      question: turn.question,
      expected: turn.answer,
      ...(background ? { label: background.label } : sounds && { sounds: sounds.map(soundOf) }),
    })
  }
  return items
}

/** Whether two draws are of the same recordings in the same order. */
function soundsAlike({ sounds: some = [] }: Draw, { sounds: others = [] }: Draw): boolean {
  const alike = (one: Sound, other: Sound | undefined) =>
    one.label === other?.label && one.clip === other.clip
  return some.length === others.length && some.every((one, i) => alike(one, others[i]))
}

/** Without what questions are made from besides. */
const soundOf = ({ label, startSeconds, endSeconds, clip }: Sound): Sound => ({
  label,
  startSeconds,
  endSeconds,
  ...(clip !== undefined && { clip }),
})

const SCENE_SECONDS = 8
const backgrounds: readonly string[] = backgroundLabels
