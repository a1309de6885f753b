import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { EncoderConfig } from '../encoders/encoder.js'
import { PalError } from '../errors.js'
import { AmbiguousModelError } from '../hub/choose-files.js'
import { type ModelName, parseModelName, writeModelName } from '../hub/model-name.js'
import { isLora } from '../nn/lora.js'
import type { WeightSource } from '../runtime/runtime.js'
import { type Fetching, fetchBase, findBase } from './find-base.js'
import type { CopyOptions } from './float32-copy.js'
import { placeOf, rememberPlace } from './known-places.js'
import type { BaseRecord, BaseRecords, ModelDescription } from './model-description.js'
import { openEncoderBase } from './open-encoder-base.js'
import { type OpenedLanguageModel, openLanguageModel } from './open-language-model.js'

/** The pretrained models that a model is built on, open. */
export interface Bases {
  readonly llm?: OpenedLanguageModel
  /** By the encoder's name in the model. */
  readonly encoders: ReadonlyMap<string, OpenedEncoder>
}

/** A pretrained audio encoder, open: nothing of its weights has been read yet. */
export interface OpenedEncoder {
  readonly name: string
  readonly config: EncoderConfig
  /** Where each weight lies, by its name within the encoder: what follows `encoders.NAME.encoder.` in a `Network`. */
  readonly weights: (name: string) => WeightSource | undefined
  /** Tells this encoder from every other: see `fingerprint`. */
  readonly sha256: string
}

export interface BaseOptions extends CopyOptions {
  /** Fetch from the hub what is not on this machine. @default fetch nothing */
  readonly fetching?: Fetching | undefined
}

/** Where a user says that bases are: paths or names. */
export interface ChosenBases {
  readonly llm?: string
  /** For a model of one encoder its base, else `encoder=base`. */
  readonly encoders?: readonly string[]
}

/**
 * A model's weights that its bases give, by their names in the model. One that a base should give and does not is a fault:
 * nobody may take it for a weight that is yet to be drawn.
 */
export function baseWeights({ llm, encoders }: Bases): (name: string) => WeightSource | undefined {
  return (name) => {
    if (isLora(name)) return undefined
    const [prefix = '', encoder = ''] = ENCODER.exec(name) ?? []
    const base = prefix ? encoders.get(encoder) : name.startsWith('llm.') ? llm : undefined
    if (!base) return undefined
    const weight = base.weights(name.slice(prefix.length))
    if (!weight) throw new Error(`the base ${base.name} has no weight for "${name}"`)
    return weight
  }
}

/** The base of the part that a weight, by its name in the model, belongs to. */
export function baseOf(bases: BaseRecords | undefined, name: string): BaseRecord | undefined {
  if (isLora(name)) return undefined
  const [, encoder] = ENCODER.exec(name) ?? []
  if (encoder !== undefined) return bases?.encoders?.[encoder]
  return name.startsWith('llm.') ? bases?.llm : undefined
}

const ENCODER = /^encoders\.(\w+)\.encoder\./

/**
 * Opens the bases that a model's description names: where the user says, else where they lay when this machine last saw
 * them, else by their names, from the hub if `fetching` says so.
 * @throws PalError for one that is not found, or is another than the model was trained on
 */
export async function openBases(
  folder: string,
  { name, model, bases = {} }: ModelDescription,
  chosen: ChosenBases = {},
  options: BaseOptions = {},
): Promise<Bases> {
  const opening = { file: join(folder, 'config.json'), options }
  const places = chosenEncoders(chosen.encoders ?? [], model.encoders)
  const encoders = new Map<string, OpenedEncoder>()
  for (const [encoder, record] of Object.entries(bases.encoders ?? {})) {
    const what = { ...opening, key: `bases.encoders.${encoder}`, option: '--encoder' }
    encoders.set(encoder, await openRecorded(record, places.get(encoder), openEncoderBase, what))
  }
  for (const encoder of places.keys()) if (!encoders.has(encoder)) throw keptItself(name, '--encoder')
  if (!bases.llm) {
    if (chosen.llm !== undefined) throw keptItself(name, '--llm')
    return { encoders }
  }
  const what = { ...opening, key: 'bases.llm', option: '--llm' }
  return { llm: await openRecorded(bases.llm, chosen.llm, openLanguageModel, what), encoders }
}

/** The names of the bases that a model's description names and this machine does not have. */
export async function missingBases({ bases = {} }: ModelDescription): Promise<readonly string[]> {
  const missing: string[] = []
  for (const { name, sha256 } of [
    ...(bases.llm ? [bases.llm] : []),
    ...Object.values(bases.encoders ?? {}),
  ]) {
    const seen = await placeOf(sha256)
    if (seen !== undefined && existsSync(seen)) continue
    await findBase(name).catch(() => missing.push(name))
  }
  return missing
}

/**
 * Which base is meant for which encoder.
 * @param chosen bases, or `encoder=base`
 * @throws PalError for a base that could be meant for several encoders, or for none
 */
export function chosenEncoders(
  chosen: readonly string[],
  encoders: readonly { readonly name: string }[],
): ReadonlyMap<string, string> {
  const names = encoders.map(({ name }) => name)
  const places = new Map<string, string>()
  for (const text of chosen) {
    const [, named, rest] = /^(\w+)=(.+)$/.exec(text) ?? []
    const isNamed = named !== undefined && names.includes(named)
    const [only] = names
    if (!isNamed && (names.length > 1 || only === undefined)) {
      throw new PalError(`expected NAME=BASE, NAME being an encoder (${names.join(', ')}), got "${text}"`, {
        key: '--encoder',
      })
    }
    const encoder = isNamed ? named : (only as string)
    if (places.has(encoder)) {
      throw new PalError(`expected one base for the encoder "${encoder}", got two`, { key: '--encoder' })
    }
    places.set(encoder, isNamed ? (rest as string) : text)
  }
  return places
}

function keptItself(model: string, option: string): PalError {
  return new PalError(`expected a model that is built on another there, but ${model} has that part itself`, {
    key: option,
    hint: `Leave ${option} out. To build a new model on a base, train one: pal train RECIPE ${option} BASE`,
  })
}

interface Opening {
  /** Where the base is named, for messages. */
  readonly file: string
  readonly key: string
  /** What says where it is. */
  readonly option: string
  readonly options: BaseOptions
}

async function openRecorded<T extends { readonly sha256: string }>(
  record: BaseRecord,
  chosen: string | undefined,
  open: (path: string, options: CopyOptions) => Promise<T>,
  { file, key, option, options }: Opening,
): Promise<T> {
  if (chosen !== undefined) {
    const path = await findBase(chosen)
    const opened = await open(path, options)
    if (opened.sha256 !== record.sha256) throw another(path, { key: option })
    await rememberPlace(opened.sha256, path, options)
    return opened
  }
  const { fetching } = options
  const seen = await placeOf(record.sha256, options)
  // What lay there may have gone or changed since; then its name counts.
  const there = seen === undefined ? undefined : await open(seen, options).catch(() => undefined)
  if (there?.sha256 === record.sha256) return there
  const nothing = (got: string, cause?: unknown) =>
    new PalError(`expected "${record.name}", which this model is built on, got ${got}`, {
      ...{ file, key, cause },
      // What to pull instead has been said then.
      hint: howToFind(cause instanceof AmbiguousModelError ? undefined : parseModelName(record.name), option),
    })
  const path = await (fetching ? fetchBase(record.name, fetching) : findBase(record.name)).catch(
    (cause: unknown) => {
      if (fetching?.signal?.aborted) throw cause
      const why = fetching && parseModelName(record.name) ? `: ${(cause as Error).message}` : ''
      throw nothing(`nothing${seen === undefined ? '' : ` (it was ${seen})`}${why}`, cause)
    },
  )
  const named = await open(path, options).catch((cause: unknown) => {
    throw nothing(`something else of that name, ${path}`, cause)
  })
  if (named.sha256 !== record.sha256) throw another(path, { file, key })
  return named

  function another(path: string, place: { readonly file?: string; readonly key: string }): PalError {
    return new PalError(
      `expected "${record.name}" as it was when this model was trained on it, got other weights in ${path}`,
      { ...place, hint: `Say where the right one is: ${option} PATH` },
    )
  }
}

function howToFind(onHub: ModelName | undefined, option: string): string {
  const pull = onHub ? `Fetch it: pal pull ${writeModelName(onHub)}\nOr say` : 'Say'
  return `${pull} where it is: ${option} PATH`
}
