import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Document, isMap, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { type StepName, stepNames } from '../data/augment/augment.js'
import { tasks } from '../data/questions/task.js'
import { type ErrorDetails, PalError } from '../errors.js'
import { type ChosenBases, chosenEncoders } from '../model/bases.js'
import { listeningSchema, modelPlanSchema } from '../model/config-schema.js'
import { isExclusion } from '../patterns.js'
import { OBJECTIVES } from './objective.js'
import { type UnknownKey, unknownKey } from './unknown-key.js'

const count = z.int().positive()
const positive = z.number().positive()

const labelledSet = z.strictObject({
  /** Relative to `data.root`; audio paths in it are relative to the CSV. */
  csv: z.string().optional(),
  /** Instead of a CSV: parquet files or tar shards, relative to `data.root`; a folder or a pattern means several. */
  shards: z.string().optional(),
  audio: z.string().default('audio'),
  label: z.string(),
  /** May be left out with shards: their groups are then the splits that the files' names begin with. */
  group: z.string().optional(),
  /** The column of the recordings that clips were cut from: `pal eval` resamples clips of one together. */
  source: z.string().optional(),
  kind: z.enum(['sound', 'digit', 'drum']),
  /** New names for labels. */
  labels: z.record(z.string(), z.string().min(1)).optional(),
  /** Groups (folds, speakers, kits) that `pal eval` asks about; stages hear them only if they say so. */
  heldOut: z.array(z.coerce.string()).default([]),
})

/** A set is in a CSV or in shards, and a CSV has groups. */
const clipSet = labelledSet.transform((set, context) => {
  const { csv, shards, group } = set
  // A run is known by its settings as text: their order stays as it is.
  if (csv !== undefined && group !== undefined && shards === undefined) return { ...set, csv, group, shards }
  if (csv === undefined && shards !== undefined) return { ...set, csv, shards }
  if (csv !== undefined && shards === undefined) {
    context.issues.push({
      code: 'custom',
      message: 'expected the column of the groups',
      input: set,
      path: ['group'],
    })
  } else {
    const message = `expected either csv or shards, got ${csv === undefined ? 'none' : 'both'}`
    context.issues.push({ code: 'custom', message, input: set })
  }
  return z.NEVER
})

const asking = {
  /** How often each task is asked, relative to one another; tasks not named are not asked. */
  tasks: z.partialRecord(z.enum(tasks), positive).exactOptional(),
  backgroundChance: z.number().min(0).max(1).exactOptional(),
  /** Probability that a drum is choked before it has rung out. */
  chokeChance: z.number().min(0).max(1).exactOptional(),
  /** Whether answers of yes or no, and about order, begin with what is heard. */
  evidence: z.boolean().exactOptional(),
}

const range = z
  .tuple([z.number(), z.number()])
  .refine(([lowest, highest]) => lowest <= highest, 'expected [lowest, highest]')

const step = z
  .strictObject({ probability: z.number().min(0).max(1).exactOptional(), range: range.exactOptional() })
  .exactOptional()

const steps = Object.fromEntries(stepNames.map((name) => [name, step])) as Record<StepName, typeof step>

/** Changes to the steps of `augmentDefaults`; `false`: the audio as it is, each time the same. */
const augment = z
  .union(
    [z.literal(false), z.strictObject(steps)],
    `expected false or changes like { tilt: { probability: 0.6, range: [-12, 12] } }, of ${stepNames.join(', ')}`,
  )
  .exactOptional()

const composed = {
  sets: z.array(z.string()).exactOptional(),
  augment,
  ...asking,
}

const source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('clips'), ...composed }),
  z.strictObject({
    kind: z.literal('scenes'),
    ...composed,
    /** Changes to `sceneDefaults`. */
    scene: z
      .strictObject({
        gapSeconds: range.exactOptional(),
        overlap: z.number().min(0).max(1).exactOptional(),
        levelDb: range.exactOptional(),
        noiseBelowDb: z
          .union([z.literal(false), range], 'expected false or [lowest, highest]')
          .exactOptional(),
        clipSeconds: range.exactOptional(),
      })
      .exactOptional(),
    eventCounts: z.array(z.number().nonnegative()).exactOptional(),
    countingChance: z.number().min(0).max(1).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('manifest'),
    path: z.string(),
    /** What rows are asked that keep no question of their own. */
    question: z.string().min(1).exactOptional(),
    /** Unlike clips and scenes, rows are heard as they are where this is not said. */
    augment,
  }),
])

/** Of an audio, one encoder at most; how often each, by its name. */
const shares = z
  .record(z.string(), z.number().min(0).max(1))
  .refine(
    (shares) => Object.values(shares).reduce((sum, share) => sum + share, 0) <= 1,
    'expected probabilities that add up to at most 1: of an audio it is one encoder at most',
  )

const batch = z.strictObject({
  /** Audio is at most this long; shorter audio is padded and masked. */
  seconds: positive,
  audios: count,
  /** Questions about each audio; it is encoded once for all of them. */
  questions: count.default(4),
  /** How often this kind of batch is drawn, relative to the others. */
  weight: positive.default(1),
  /** Weights of the sources, by name. */
  mix: z.record(z.string(), positive),
  /** How often the language model hears, by an encoder of this name, another audio of the batch. */
  misheard: shares.optional(),
})

/** What a folder is called by. */
const name = z
  .string()
  .regex(/^[\w.-]+$/, 'expected letters, digits, ".", "_" and "-" only')
  .refine((text) => !/^\.+$/.test(text), 'expected a name, got dots alone')

const plannedStage = z.strictObject({
  name,
  /** How long: so many steps, or so often through all examples of the one source that it draws from. */
  steps: count.exactOptional(),
  epochs: positive.exactOptional(),
  /** What is learnt: see `OBJECTIVES`. */
  objective: z.enum(OBJECTIVES).default('answers'),
  /** `train`: all but the groups that are held out; `all`: those too. What is measured then is not held out. */
  hears: z.enum(['train', 'all']).default('train'),
  /** Patterns over the names of parameters, `*` standing for anything, `!` before what is excluded; what none matches stays as it is. */
  trained: z.array(z.string()).min(1).default(['*']),
  learningRate: positive,
  /** Other learning rates by pattern, the first that fits; they rise and fall as `learningRate` does. */
  learningRates: z
    .record(z.string(), positive)
    .refine(
      (rates) => !Object.keys(rates).some(isExclusion),
      'expected patterns that say what a rate is for, got one that excludes (!): the first that fits counts, so put what is excluded first',
    )
    .optional(),
  warmup: z.int().nonnegative().default(100),
  /** What is left of the learning rate at the last step, as a share. */
  finalRate: z.number().min(0).max(1).default(0),
  weightDecay: z.number().nonnegative().default(0.01),
  /** The largest norm of all gradients together. */
  clip: positive.default(1),
  /** Batches whose gradients are averaged for one step. */
  accumulate: count.default(1),
  /** What is computed again for the gradient instead of being kept: the FFN's gates, the weights of attention too (`selective`), or everything (true). */
  checkpointing: z.union([z.boolean(), z.enum(['gates', 'selective'])]).default('gates'),
  specAugment: z
    .strictObject({
      timeMasks: z.int().nonnegative(),
      maxSeconds: z.number().nonnegative(),
      bandMasks: z.int().nonnegative(),
      maxBins: z.int().nonnegative(),
    })
    .optional(),
  /** How often the language model does not hear an encoder, by the encoder's name: see `drawEncoder`. */
  encoderDropout: shares.optional(),
  batches: z.array(batch).min(1),
})

const stage = plannedStage.superRefine(({ steps, epochs }, context) => {
  if ((steps === undefined) !== (epochs === undefined)) return
  const got = steps === undefined ? 'none' : 'both'
  context.addIssue({
    code: 'custom',
    message: `expected either steps or epochs, got ${got}`,
    path: ['steps'],
  })
})

/** What is compared: how the model listens, and for how long it learns to answer. */
const compared = listeningSchema.extend({
  /** Steps of the stages that learn to answer, relative to the recipe's: 1.25 where a step takes 0.8 of the time, for equal time. */
  steps: positive.exactOptional(),
})

const recipe = z.strictObject({
  name,
  seed: z.int().nonnegative().default(1),
  /** The folder that the run is kept in, relative to the working directory. */
  output: z.string().optional(),
  /** A checkpoint is written every so many steps. */
  saveEvery: count.default(200),
  /** What may be kept on disk of what encoders that do not learn make of audio that comes again; 0 for nothing. */
  featureCacheGiB: z.number().nonnegative().default(4),
  /** What the shipped weights are stored as. */
  dtype: z.enum(['F32', 'F16']).default('F32'),
  /** Weights taken over from a trained model before the first step. */
  start: z
    .strictObject({
      /** A model's folder, relative to this file. */
      model: z.string(),
      parameters: z.array(z.string()).min(1).default(['*']),
    })
    .optional(),
  data: z.strictObject({
    /** The folder of the recordings, relative to this file (or, given on the command line, to the working directory). */
    root: z.string().min(1, 'expected a folder, got an empty name'),
    sets: z.record(z.string(), clipSet),
  }),
  sources: z.record(z.string(), source),
  model: modelPlanSchema,
  /** Draws go by a stage's name, and so does the folder of its model. */
  stages: z
    .array(stage)
    .min(1)
    .refine(
      (stages) => new Set(stages.map(({ name }) => name)).size === stages.length,
      'expected another name for each stage',
    ),
  /** What `pal compare` holds against one another, by name: what each changes of `model`. Training ignores it. */
  compare: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, 'expected small letters, digits, "." and "-" only'),
      compared,
    )
    .refine((settings) => Object.keys(settings).length > 0, 'expected at least one setting to compare')
    .optional(),
})

export type Recipe = z.output<typeof recipe>
export type Stage = Recipe['stages'][number]
export type BatchPlan = Stage['batches'][number]

/** A recipe as it will run, with what the command line changed. */
export interface LoadedRecipe {
  readonly recipe: Recipe
  readonly file: string
  /** What `key=value` changed: the key, what the file said and what is used instead. */
  readonly overrides: readonly { readonly key: string; readonly before: unknown; readonly after: unknown }[]
}

/**
 * Reads a recipe and applies `key=value` changes, whose keys are paths such as `stages.0.steps`.
 * @param chosen the pretrained models to build on, instead of what the recipe says of these parts
 * @throws PalError naming file, line and key of what is missing, unknown or out of range
 */
export async function loadRecipe(
  file: string,
  changes: readonly string[] = [],
  chosen: ChosenBases = {},
): Promise<LoadedRecipe> {
  const lines = new LineCounter()
  const document = parseDocument(await readText(file), { lineCounter: lines })
  const [fault] = document.errors
  if (fault)
    throw new PalError(`expected YAML: ${fault.message}`, { file, line: fault.linePos?.[0].line ?? 1 })
  expectNoTag(document, { file })
  if (!isMap(document.contents)) throw new PalError('expected a recipe, got a file without keys', { file })
  const settings = contentOf(document, { file }) as Settings
  const rootBefore = valueAt(settings, ['data', 'root'])
  if (typeof rootBefore === 'string') put(settings, ['data', 'root'], resolve(dirname(file), rootBefore))

  for (const path of referencePaths(settings)) {
    const beside = resolve(dirname(file), String(valueAt(settings, path)))
    if (existsSync(beside)) put(settings, path, beside)
  }

  const applied = ({ key, path, value }: Change) => {
    const before = valueAt(settings, path)
    // A folder may be called 2024.
    const isFolder = key === 'data.root' && value !== '' && ['string', 'number'].includes(typeof value)
    const after = isFolder ? resolve(String(value)) : value
    if (!put(settings, path, after)) {
      throw new PalError(`expected the path of a setting in ${file}, got "${key}"`, { key })
    }
    return { key, before: key === 'data.root' ? rootBefore : before, after }
  }
  const changed = changes.map(parseChange).map(applied)
  // Last: they keep what else a change has just said of their places.
  const overrides = [...changed, ...baseChanges(chosen, settings).map(applied)]

  const result = recipe.safeParse(settings)
  if (!result.success) {
    const { issues } = result.error
    const { message, hint, ...issue }: UnknownKey =
      unknownKey(issues, recipe, settings) ?? (issues[0] as z.core.$ZodIssue)
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
    const line = lineOf(path)
    throw new PalError(message, { file, ...(line && { line }), key: path.join('.'), ...(hint && { hint }) })
  }
  checkNames(result.data, file)
  return { recipe: result.data, file, overrides }

  /** The line of a key, or of the nearest one above it that the file has. */
  function lineOf(path: readonly (string | number)[]): number | undefined {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true)
      const offset = (node as { range?: readonly number[] } | undefined)?.range?.[0]
      if (offset !== undefined) return lines.linePos(offset).line
    }
    return undefined
  }
}

/** What a recipe says, or a part of it, before it has been checked. */
type Settings = Record<string | number, unknown>
type Path = readonly (string | number)[]

function valueAt(settings: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (part, key) => (isSettings(part) && Object.hasOwn(part, key) ? part[key] : undefined),
    settings,
  )
}

/** @returns whether there is something at the path's parent for it to be put into */
function put(settings: Settings, path: Path, value: unknown): boolean {
  const parent = valueAt(settings, path.slice(0, -1))
  const key = path.at(-1) as string | number
  const fits = Array.isArray(parent) ? typeof key === 'number' : key !== '__proto__'
  if (!isSettings(parent) || !fits) return false
  parent[key] = value
  return true
}

function isSettings(part: unknown): part is Settings {
  return typeof part === 'object' && part !== null
}

interface Change {
  readonly key: string
  readonly path: Path
  readonly value: unknown
}

function parseChange(change: string): Change {
  const at = change.indexOf('=')
  if (at <= 0) {
    throw new PalError(`expected a change in the form key=value, got "${change}"`, {
      hint: 'For example: stages.0.steps=100',
    })
  }
  const [key, text] = [change.slice(0, at), change.slice(at + 1)]
  const path = key.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  const document = parseDocument(text, { prettyErrors: false })
  const [fault] = document.errors
  if (fault) throw new PalError(`expected a value in YAML, got "${text}": ${fault.message}`, { key })
  expectNoTag(document, { key })
  if (document.contents === null) throw new PalError('expected a value after the =, got nothing', { key })
  return { key, path, value: contentOf(document, { key }) }
}

/** YAML takes what begins with ! for a tag and nothing: an exclusion without quotes would go unnoticed. */
function expectNoTag({ warnings }: Document.Parsed, where: ErrorDetails): void {
  const tagged = warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED')
  if (!tagged) return
  const line = tagged.linePos?.[0].line
  throw new PalError(
    `expected what begins with ! in quotes, got a tag: ${tagged.message.split(' at line')[0]}`,
    {
      ...where,
      ...(line !== undefined && { line }),
      hint: "For example: trained: ['llm.*', '!llm.*.mlp.*']",
    },
  )
}

/**
 * What a document says, with aliases written out: a change where an anchor stands is none where they do.
 * @param where it stands, for messages
 */
function contentOf(document: Document.Parsed, where: ErrorDetails): unknown {
  try {
    return JSON.parse(JSON.stringify(document.toJS()))
  } catch (cause) {
    throw new PalError(`expected YAML that can be written out: ${(cause as Error).message}`, {
      ...where,
      cause,
    })
  }
}

/** What of a recipe is looked at before it has been checked. */
interface Unchecked {
  readonly model?: UncheckedModel | null
  readonly compare?: Readonly<Record<string, UncheckedModel | null>> | null
}

interface UncheckedModel {
  readonly encoders?: unknown
  readonly llm?: unknown
}

/** The models that a recipe describes: its own, and what the settings that it compares change of it. */
function modelsOf({ model, compare }: Unchecked): readonly { at: Path; model?: UncheckedModel | null }[] {
  const settings = isSettings(compare) ? Object.entries(compare) : []
  return [
    ...(model ? [{ at: ['model'], model }] : []),
    ...settings.map(([name, model]) => ({ at: ['compare', name], model })),
  ]
}

const isReference = (part: unknown): part is { readonly from: string } =>
  isSettings(part) && typeof part.from === 'string'

/** Where a recipe names pretrained models. */
function referencePaths(settings: Unchecked): readonly Path[] {
  return modelsOf(settings).flatMap(({ at, model }) => [
    ...encodersOf(model).flatMap(({ encoder }, i) =>
      isReference(encoder) ? [[...at, 'encoders', i, 'encoder', 'from']] : [],
    ),
    ...(isReference(model?.llm) ? [[...at, 'llm', 'from']] : []),
  ])
}

/** The changes that put pretrained models into the places of what a recipe says; what else it says of a place stays. */
function baseChanges({ llm, encoders = [] }: ChosenBases, settings: Unchecked): readonly Change[] {
  const places = modelsOf(settings).flatMap(({ at, model }) =>
    encodersOf(model).map(({ name, encoder }, i) => ({
      ...{ name: String(name), encoder },
      path: [...at, 'encoders', i, 'encoder'],
    })),
  )
  const names = [...new Set(places.map(({ name }) => name))]
  const chosen = chosenEncoders(
    encoders,
    names.map((name) => ({ name })),
  )
  const ofEncoders = places.flatMap(({ name, encoder, path }) => {
    const from = chosen.get(name)
    return from === undefined ? [] : [{ path, value: { ...(isReference(encoder) && encoder), from } }]
  })
  const before = valueAt(settings, ['model', 'llm'])
  const all = [
    ...ofEncoders,
    ...(llm === undefined
      ? []
      : [{ path: ['model', 'llm'], value: { ...(isReference(before) && before), from: llm } }]),
  ]
  return all.map((change) => ({ key: change.path.join('.'), ...change }))
}

function encodersOf(
  model: UncheckedModel | null | undefined,
): readonly { name?: unknown; encoder?: unknown }[] {
  return Array.isArray(model?.encoders) ? model.encoders : []
}

/** Every name that one part of a recipe uses must be given by another. */
function checkNames({ data, sources, stages, model }: Recipe, file: string): void {
  const expectName = (name: string, known: Readonly<Record<string, unknown>>, what: string, key: string) => {
    if (Object.hasOwn(known, name)) return
    throw new PalError(`expected the name of ${what} (${Object.keys(known).join(', ')}), got "${name}"`, {
      file,
      key,
    })
  }
  for (const [name, one] of Object.entries(sources)) {
    if (one.kind === 'manifest') continue
    for (const set of one.sets ?? []) expectName(set, data.sets, 'a set', `sources.${name}.sets`)
  }
  for (const [i, { batches }] of stages.entries()) {
    for (const [j, { mix, misheard, audios }] of batches.entries()) {
      const at = `stages.${i}.batches.${j}`
      for (const name of Object.keys(mix)) expectName(name, sources, 'a source', `${at}.mix`)
      if (misheard && audios < 2) {
        throw new PalError('expected a batch that has another audio to hear, got one of 1', {
          file,
          key: `${at}.misheard`,
        })
      }
    }
  }
  const encoders = Object.fromEntries(model.encoders.map((encoder) => [encoder.name, encoder]))
  for (const { key, objective, shares } of changedHearing(stages)) {
    const expect = (holds: boolean, where: string, got: string) => {
      if (!holds) throw new PalError(`expected it ${where}, got ${got}`, { file, key })
    }
    for (const name of Object.keys(shares)) expectName(name, encoders, 'an encoder', key)
    expect(model.encoders.length > 1, 'where there is another encoder to listen to', 'a model of one')
    expect(objective === 'answers', 'in a stage that learns answers', `one that learns ${objective}`)
    // A summary is read from an encoder's tokens even where all of them are hidden.
    const isUnified = model.integration.kind === 'pal' && 'summaryTokens' in model.integration.form
    expect(!isUnified, 'where no summary is made of what is heard', 'the unified form of PAL')
  }
}

/** Where a recipe has the language model hear otherwise than its encoders do. */
function changedHearing(stages: readonly Stage[]) {
  return stages.flatMap(({ objective, encoderDropout, batches }, i) =>
    [
      { key: `stages.${i}.encoderDropout`, shares: encoderDropout },
      ...batches.map(({ misheard }, j) => ({ key: `stages.${i}.batches.${j}.misheard`, shares: misheard })),
    ].flatMap(({ key, shares }) => (shares ? [{ key, objective, shares }] : [])),
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new PalError('expected a recipe that can be read', {
      file,
      cause,
      hint: 'Recipes that ship are in recipes/.',
    })
  }
}
