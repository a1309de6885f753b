import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PalError } from '../errors.js'
import type { Arena } from '../runtime/arena.js'
import { openSafetensors, readTensor, writeSafetensors } from '../weights/safetensors.js'
import type { AdamW } from './adamw.js'
import type { WeightAverage } from './weight-average.js'

/** How far a run has come. Everything else that a step depends on is drawn from the seed and these. */
export interface Progress {
  /** The stage under way, and the steps of it that are done. */
  readonly stage: number
  readonly step: number
}

/** What changes from step to step. */
export interface RunState {
  readonly parameters: Arena
  readonly optimizer: AdamW
  /** In all of a run, if any stage asks for one. */
  readonly average?: WeightAverage | undefined
}

/** What a run is, by which it is told from others. */
export interface RunIdentity {
  /** Of all that shapes its weights, as a hash. */
  readonly recipe: string
  /** Of what it draws from, as a hash: see `dataIdentity`. */
  readonly data: string
  /** Processes that train together. */
  readonly ranks: number
}

const FILE = 'checkpoint.safetensors'
/** What can be done with a run that is not the one before. */
const ANEW = 'another folder with output=…, or start over with --restart.'

/** Writes a run's state as one file, atomically: a kill leaves the one before. */
export async function saveCheckpoint(
  folder: string,
  state: RunState,
  progress: Progress,
  { recipe, data, ranks }: RunIdentity,
): Promise<void> {
  const { parameters, optimizer, average } = state
  const tensors = vectorsOf(state).flatMap(([part, vector]) =>
    [...parameters.entries.values()].map(({ name, shape, offset, length }) => ({
      name: `${part}/${name}`,
      shape,
      data: vector.subarray(offset, offset + length),
    })),
  )
  const metadata = {
    stage: String(progress.stage),
    step: String(progress.step),
    updates: String(optimizer.steps),
    ...(average && { averaged: String(average.steps) }),
    recipe,
    data,
    ranks: String(ranks),
  }
  await writeSafetensors(join(folder, FILE), tensors, metadata)
}

/**
 * Reads a run's state back, if it has any.
 * @param run what it was started as; a run is not resumed as another
 * @param changed says what of its recipe is another one now, for messages
 */
export async function loadCheckpoint(
  folder: string,
  state: RunState,
  run: RunIdentity,
  changed: () => Promise<readonly string[]>,
): Promise<Progress | undefined> {
  const path = join(folder, FILE)
  if (!existsSync(path)) return undefined
  const file = await openSafetensors(path)
  if (file.metadata.recipe !== run.recipe)
    throw anotherRun(folder, Number(file.metadata.ranks ?? 1), run.ranks, await changed())
  // Older checkpoints do not say what they were drawn from.
  if ((file.metadata.data ?? run.data) !== run.data) throw otherData(folder)
  const { parameters, optimizer, average } = state
  for (const [part, vector] of vectorsOf(state)) {
    for (const { name, offset, length } of parameters.entries.values()) {
      const stored = file.tensors.get(`${part}/${name}`)
      if (!stored) throw new PalError(`expected the tensor "${part}/${name}", got none`, { file: path })
      const data = await readTensor(stored)
      if (data.length !== length) {
        throw new PalError(`expected ${length} numbers for "${part}/${name}", got ${data.length}`, {
          file: path,
        })
      }
      vector.set(data, offset)
    }
  }
  optimizer.steps = Number(file.metadata.updates)
  if (average) average.steps = Number(file.metadata.averaged)
  return { stage: Number(file.metadata.stage), step: Number(file.metadata.step) }
}

/** By what a checkpoint calls them. */
function vectorsOf({
  parameters,
  optimizer,
  average,
}: RunState): readonly (readonly [string, Float32Array])[] {
  return [
    ['parameter', parameters.flat],
    ['first', optimizer.first],
    ['second', optimizer.second],
    ...(average ? [['average', average.flat] as const] : []),
  ]
}

/** So many changes fit into a message. */
const SHOWN = 8

function otherData(folder: string): PalError {
  return new PalError('expected the recordings and manifests that this run was started with, got others', {
    file: folder,
    hint: `Files, labels, groups, questions and answers must stay what they were, in their order. Or give the run ${ANEW}`,
  })
}

function anotherRun(folder: string, before: number, now: number, settings: readonly string[]): PalError {
  const more = settings.length > SHOWN ? ` and ${settings.length - SHOWN} more` : ''
  const told = settings.length > 0 ? `: ${settings.slice(0, SHOWN).join(', ')}${more}` : ''
  const changed =
    before === now ? `a changed one${told}` : `${now} ranks instead of ${before}, or a changed recipe${told}`
  const dealt = `Ranks × \`accumulate\` must stay what it was, with ${before} ranks. Or give`
  return new PalError(`expected the recipe that this run was started with, got ${changed}`, {
    file: folder,
    hint: `${before === now ? 'Give' : dealt} the run ${ANEW}`,
  })
}
