import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { PalError } from '../../errors.js'
import { type LineKind, readKeptLines } from '../../kept-lines.js'
import { writeAtomically } from '../../weights/write-atomically.js'
import type { EvalItem } from '../items.js'
import type { Sample } from '../sample.js'
import { type Caption, captionScores } from './caption-scores.js'

/** A metric that a program of the user computes. */
export interface External {
  /** What it is called in reports and in the name of the file that keeps its scores. */
  readonly name: string
  /** A line for the shell: see `captionScores` for what it is given and gives. */
  readonly command: string
}

/** By the ids of captions, what each metric makes of them, by its name. */
export type ExternalScores = ReadonlyMap<string, Readonly<Record<string, number>>>

export interface ExternalOptions {
  /** Where scores are kept, in `external-<name>.jsonl`. */
  readonly folder: string
  readonly signal?: AbortSignal
}

/**
 * What programs make of the captions among the answers. One is called for all of them and only where something is
 * another than it was: command, captions, their answers or references. A question without an answer has an empty caption.
 * @throws PalError for a program that fails or does not give a number for each caption
 */
export async function externalScores(
  externals: readonly External[],
  samples: readonly Sample[],
  items: readonly Omit<EvalItem, 'samples'>[],
  { folder, signal }: ExternalOptions,
): Promise<ExternalScores> {
  if (externals.length === 0) return new Map()
  const answers = new Map(samples.map(({ id, answer }) => [id, answer]))
  const captions = items.filter(isCaption).map(({ id, expected, accept = [] }) => ({
    ...{ id, answer: answers.get(id) ?? '', references: [expected, ...accept] },
  }))
  const all = new Map<string, Record<string, number>>(captions.map(({ id }) => [id, {}]))
  for (const external of externals) {
    const scores = await keptOrNew(
      external,
      captions,
      join(folder, `external-${external.name}.jsonl`),
      signal,
    )
    for (const [id, score] of scores) all.get(id)![external.name] = score
  }
  return all
}

/** @throws PalError if nothing is answered with a caption */
export function expectCaptions(items: readonly Pick<EvalItem, 'task' | 'scoring'>[]): void {
  if (items.some(isCaption)) return
  const tasks = [...new Set(items.map(({ task }) => task))].join(', ')
  throw new PalError(`expected questions that are answered with a caption, got ${tasks || 'none'}`, {
    key: '--external',
    hint: 'Programs score captions only: rows of the task "caption", AudioCaps and Clotho.',
  })
}

const isCaption = ({ scoring }: Pick<EvalItem, 'scoring'>) => scoring === 'captioning'

interface KeptScore {
  readonly id: string
  readonly score: number
  /** A hash of what the score is of, and of the command that gave it. */
  readonly of: string
}

const SCORE: LineKind = {
  schema: z.looseObject({ id: z.string(), score: z.number(), of: z.string() }),
  what: 'the score of a caption',
  lost: 'the program is asked again',
}

async function keptOrNew(
  { name, command }: External,
  captions: readonly Caption[],
  file: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const keyOf = ({ answer, references }: Caption) =>
    createHash('sha256')
      .update(JSON.stringify([command, answer, references]))
      .digest('hex')
      .slice(0, 16)
  const kept = new Map((await readKeptLines<KeptScore>(file, SCORE)).map((line) => [line.id, line]))
  const isKept = kept.size === captions.length && captions.every((one) => kept.get(one.id)?.of === keyOf(one))
  if (isKept) return new Map([...kept].map(([id, { score }]) => [id, score]))
  const scores = await captionScores(command, captions, { key: `--external ${name}`, signal })
  const lines: readonly KeptScore[] = captions.map((caption) => ({
    ...{ id: caption.id, score: scores.get(caption.id)!, of: keyOf(caption) },
  }))
  await writeAtomically(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return scores
}
