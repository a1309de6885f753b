import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type LineKind, readKeptLines } from '../kept-lines.js'
import { identitySchema, readOwnJson } from '../own-json.js'
import type { EvalIdentity } from './identity.js'
import type { Sample } from './sample.js'

/** What the folder of an evaluation holds, for whoever reads it: its answers, a line for each, and what they depend on. */
export const SAMPLES = 'samples.jsonl'
export const IDENTITY = 'identity.json'

/**
 * The answers that a folder keeps and what they depend on; nothing where there are none.
 * @throws PalError naming the file, and the line, that is damaged
 */
export async function keptAnswers(
  folder: string,
): Promise<{ readonly identity: EvalIdentity; readonly samples: readonly Sample[] } | undefined> {
  const identity = await readIdentity(folder)
  return identity && { identity, samples: await readSamples(folder) }
}

/** @throws PalError for a file that is damaged */
export async function readIdentity(folder: string): Promise<EvalIdentity | undefined> {
  const file = join(folder, IDENTITY)
  if (!existsSync(file)) return undefined
  return readOwnJson(file, identitySchema, 'what the answers beside it depend on', ASK_ANEW)
}

/** Who went on without it would take answers of any model, to any questions, for those of this one. */
const ASK_ANEW = 'Remove this folder, or give another, to ask anew: what its answers are to is lost.'

/** A question whose line was cut by a kill is asked again. @throws PalError for any other line that is damaged */
export function readSamples(folder: string, name = SAMPLES): Promise<readonly Sample[]> {
  return readKeptLines(join(folder, name), SAMPLE)
}

const texts = z.array(z.string()).exactOptional()

/** What reports and the scorer rely on. */
const SAMPLE: LineKind = {
  schema: z.looseObject({
    ...{ id: z.string(), audio: z.string(), task: z.string(), scoring: z.string() },
    ...{ question: z.string(), expected: z.string(), answer: z.string(), right: z.boolean() },
    ...{ accept: texts, choices: texts, tags: texts, named: texts, correct: texts },
  }),
  what: 'a question and its answer',
  lost: 'its question is asked again',
}
