import { existsSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  const path = join(folder, 'metrics.jsonl')
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
