import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PalError } from '../../errors.js'
import { AmbiguousModelError } from '../../hub/choose-files.js'
import { type ModelName, parseModelName, writeModelName } from '../../hub/model-name.js'
import type { CopyOptions } from '../checkpoints/float32-copy.js'
import type { OpenedEncoder } from '../checkpoints/open-encoder.js'
import { openLanguageModel } from '../checkpoints/open-language-model.js'
import type { BaseRecord, ModelDescription } from '../config/model-description.js'
import type { Bases } from './bases.js'
import { type ChosenBases, chosenEncoders } from './chosen-bases.js'
import { type Fetching, fetchBase, findBase } from './find-base.js'
import { placeOf, rememberPlace } from './known-places.js'
import { openEncoderBase } from './open-encoder-base.js'

export interface BaseOptions extends CopyOptions {
  /** Fetch from the hub what is not on this machine. @default fetch nothing */
  readonly fetching?: Fetching | undefined
}

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
  const openThere = (path: string) => openIfSame(record.sha256, path, open, options)
  if (chosen !== undefined) {
    const path = await findBase(chosen)
    const { opened, cause } = await openThere(path)
    if (!opened) throw cause ?? another(path, { key: option })
    await rememberPlace(opened.sha256, path, options)
    return opened
  }
  const { fetching } = options
  const seen = await placeOf(record.sha256, options)
  // What lay there may have gone or changed since; then its name counts.
  const there = seen === undefined ? undefined : (await openThere(seen)).opened
  if (there) return there
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
  const { opened, cause } = await openThere(path)
  if (opened) return opened
  throw cause ? nothing(`something else of that name, ${path}`, cause) : another(path, { file, key })

  function another(path: string, place: { readonly file?: string; readonly key: string }): PalError {
    return new PalError(
      `expected "${record.name}" as it was when this model was trained on it, got other weights in ${path}`,
      { ...place, hint: `Say where the right one is: ${option} PATH` },
    )
  }
}

/**
 * What lies at a path, if it is the model of that fingerprint; else why it cannot be opened, if that is so. Nothing is copied of another
 * model, and what keeps the right one from being copied, such as a full disk, is thrown.
 */
async function openIfSame<T extends { readonly sha256: string }>(
  sha256: string,
  path: string,
  open: (path: string, options: CopyOptions) => Promise<T>,
  options: CopyOptions,
): Promise<{ readonly opened?: T; readonly cause?: unknown }> {
  let found: string | undefined
  const beforeCopy = (fingerprint: string) => {
    found = fingerprint
    if (found !== sha256) throw new Error('another model')
  }
  try {
    const opened = await open(path, { ...options, beforeCopy })
    return opened.sha256 === sha256 ? { opened } : {}
  } catch (cause) {
    if (found === sha256) throw cause
    return found === undefined ? { cause } : {}
  }
}

function howToFind(onHub: ModelName | undefined, option: string): string {
  const pull = onHub ? `Fetch it: pal pull ${writeModelName(onHub)}\nOr say` : 'Say'
  return `${pull} where it is: ${option} PATH`
}
