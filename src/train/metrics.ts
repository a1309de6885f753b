import { existsSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PalError } from '../errors.js'
import { type LineKind, readKeptLines } from '../kept-lines.js'
import { writeAtomically } from '../weights/write-atomically.js'
import type { Progress } from './checkpoint.js'
import type { StepReport } from './trainer.js'

/**
 * Appends to `metrics.jsonl`. Of what is there, only the steps that a resumed run has behind it stay: it will do the others
 * again.
 * @param stages of the run, by name, in order
 */
export async function openMetrics(
  folder: string,
  stages: readonly string[],
  { stage, step }: Progress,
): Promise<(report: StepReport) => Promise<void>> {
  const path = join(folder, METRICS)
  const isDone = (line: string) => {
    const told = reportIn(line)
    if (!told) return false
    const at = stages.indexOf(told.stage)
    return at >= 0 && (at < stage || (at === stage && told.step <= step))
  }
  const lines = existsSync(path) ? (await readFile(path, 'utf8')).split('\n').filter(isDone) : []
  await writeAtomically(path, lines.map((line) => `${line}\n`).join(''))
  return (report) => appendFile(path, `${JSON.stringify(report)}\n`)
}

/** Nothing of a line that a kill has cut short. */
function reportIn(line: string): Pick<StepReport, 'stage' | 'step'> | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** The steps of a run that has done some. @throws PalError for a line that is damaged, and where there is none */
export async function readMetrics(folder: string): Promise<readonly StepReport[]> {
  const file = join(folder, METRICS)
  const steps = await readKeptLines<StepReport>(file, STEP)
  if (steps.length > 0) return steps
  throw new PalError('expected the steps of a run, got none', {
    file,
    hint: 'Put back a sound copy, or train the model again.',
  })
}

const METRICS = 'metrics.jsonl'

/** What reports rely on. */
const STEP: LineKind = {
  schema: z.looseObject({
    ...{ stage: z.string(), step: z.number(), loss: z.number() },
    ...{ milliseconds: z.number(), audios: z.number() },
  }),
  what: 'a step of training',
  lost: 'reports then know nothing of its step',
}
