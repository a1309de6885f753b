import { PalError } from '../../errors.js'
import { groupBy } from '../../group-by.js'
import { matcher, uselessPattern } from '../../patterns.js'
import type { LoadedClip } from '../clips/load-clips.js'
import type { Task } from '../questions/task.js'
import { vocabularyOf } from '../questions/vocabulary.js'
import { backgroundLabels } from '../scenes/background.js'
import type { SceneEvent } from '../scenes/scene.js'
import type { Source } from '../source.js'
import { type ClipSourceOptions, clipSource } from './clip-source.js'
import { asker } from './synthetic-source.js'

export interface ImaginedSourceOptions extends ClipSourceOptions {
  /** The encoder that hears what is imagined, by its name. */
  readonly encoder: string
  readonly names: ImaginedNames
}

/** What is imagined: names, and the numbers of the encoder's labels that have each. */
export type ImaginedNames = ReadonlyMap<string, readonly number[]>

/** What can be asked about any sound. */
const TASKS: Readonly<Partial<Record<Task, number>>> = { name: 1, presence: 1, choice: 1, caption: 1 }

/** Asked about a drum that is imagined, or while others hear one, their answers would be wrong. */
const REFUSED = ['digit', 'drum'] as const satisfies readonly Task[]

/**
 * Questions about sounds that nobody recorded, drawn evenly over names: one encoder hears them (see `ImaginedScores`), while all
 * others hear a clip, or silence or noise, which is not what the questions are about. So a model learns words for what one of its
 * encoders knows and no recording taught, and to believe that encoder where the others take the sound for what they know.
 * @param clips what the others hear, and whose labels questions have beside those that are imagined
 * @throws PalError for settings by which nothing can be drawn, and for tasks about digits or drums
 */
export function imaginedSource(
  clips: readonly LoadedClip[],
  { encoder, names, tasks = TASKS, ...options }: ImaginedSourceOptions,
): Source {
  const { name = 'imagined', vocabulary = vocabularyOf(clips) } = options
  const refused = REFUSED.find((task) => tasks[task])
  if (refused) {
    throw new PalError(`expected tasks that can be asked about any sound, got ${refused}`, {
      key: `${name}.tasks`,
      hint: `Such are ${Object.keys(TASKS).join(', ')}.`,
    })
  }
  const heard = clipSource(clips, { ...options, name, questionsPerAudio: 0 })
  const sounds = [...new Set([...vocabulary.sound, ...names.keys()])].sort()
  const asking = { ...options, tasks, vocabulary: { ...vocabulary, sound: sounds }, backgroundChance: 0 }
  const { allows, unasked, tasks: asked, ask } = asker(clips, asking, name)
  if (!allows([soundOf('a sound', 1)])) {
    throw new PalError(`expected a task that can be asked about a sound by itself, got ${asked}`, {
      key: `${name}.tasks`,
      hint: 'Add one that can be asked about anything, name or caption.',
    })
  }

  const drawn = [...names]
  const drawWithin: Source['drawWithin'] = (random, maxSeconds) => {
    const { samples, recurs, augmented } = heard.drawWithin(random, maxSeconds)
    const [label, numbers] = random.pick(drawn)
    const imagined = { encoder, label: random.pick(numbers), seed: random.integer(2 ** 32) }
    const draw = ask({ samples, events: [soundOf(label, samples.length / heard.sampleRate)] }, random)
    return { ...draw, imagined, ...(recurs && { recurs }), ...(augmented && { augmented }) }
  }
  return {
    ...{ name, sampleRate: heard.sampleRate, drawWithin },
    check: (maxSeconds) => heard.check(maxSeconds),
    unasked: () => unasked([[soundOf('a sound', 1)]]),
    draw: (random) => drawWithin(random, Number.POSITIVE_INFINITY),
  }
}

/**
 * The labels of an encoder that patterns fit, such as `['*', '!Music*']`, by the first of their names: "Fire engine, fire truck
 * (siren)" is a fire engine. Silence and noise are left out, for they are no sound of something.
 * @throws PalError for a pattern that makes no difference, and where none is left
 */
export function imaginedNames(
  labels: readonly string[],
  patterns: readonly string[],
  where: { readonly key: string },
): ImaginedNames {
  const useless = uselessPattern(patterns, labels)
  if (useless !== undefined) {
    throw new PalError(`expected patterns that make a difference, got "${useless}", which makes none`, {
      ...where,
      hint: `Begin with '*' and say with '!' what is left out; capitals count. The encoder has ${labels.length}: ${labels.slice(0, 3).join('; ')} and so on.`,
    })
  }
  const isImagined = matcher(patterns)
  const named = labels
    .map((label, number) => ({ label, number, name: firstName(label) }))
    .filter(({ label, name }) => isImagined(label) && !isBackground(name))
  if (named.length === 0) {
    throw new PalError(`expected labels to imagine, got none of ${labels.length} that is left`, where)
  }
  const byName = groupBy(named, ({ name }) => name)
  return new Map([...byName].map(([name, same]) => [name, same.map(({ number }) => number)]))
}

function firstName(label: string): string {
  const [first = ''] = label.split(/[,(]/)
  return first.trim().toLowerCase() || label
}

const isBackground = (name: string) => backgroundLabels.some((label) => label === name)

function soundOf(label: string, seconds: number): SceneEvent {
  return { label, kind: 'sound', startSeconds: 0, endSeconds: seconds, levelDb: 0 }
}
