import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { PalError } from '../errors.js'
import { type LineKind, type NumberedLine, readNumberedLines } from '../kept-lines.js'
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

/**
 * A question whose line was cut by a kill is asked again.
 * @throws PalError for any other line that is damaged, and for a question that has two answers
 */
export async function readSamples(folder: string, name = SAMPLES): Promise<readonly Sample[]> {
  const { once, doubled } = await sampleLines(folder, name)
  const [second] = doubled
  if (!second) return once.map(({ value }) => value)
  const { id } = second.value
  const first = once.find(({ value }) => value.id === id)!
  throw new PalError(
    `expected one answer to each question, got another one to "${id}", which line ${first.line} answers`,
    {
      ...{ file: join(folder, name), line: second.line },
      hint: `Two processes have asked in this folder (lines like this: ${doubled.length}). \`pal eval\` of these questions with --rescore --out ${folder} keeps the first answer to each and sets the others aside.`,
    },
  )
}

/** The lines of answers, and those with one to a question that an earlier line answers. */
export async function sampleLines(folder: string, name = SAMPLES) {
  const seen = new Set<string>()
  const once: NumberedLine<Sample>[] = []
  const doubled: NumberedLine<Sample>[] = []
  for (const line of await readNumberedLines<Sample>(join(folder, name), SAMPLE)) {
    const { id } = line.value
    ;(seen.has(id) ? doubled : once).push(line)
    seen.add(id)
  }
  return { once, doubled }
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
