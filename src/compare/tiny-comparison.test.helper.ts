import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sample } from '../eval/sample.js'
import { Random } from '../random.js'
import type { StepReport } from '../train/trainer.js'
import { type Comparison, keepComparison } from './kept.js'
import { type PlannedRun, planRuns } from './plan.js'
import type { RunCost } from './run-cost.js'

export interface TinyOptions {
  readonly comparison?: Partial<Comparison>
  /** Chance of a right answer. */
  readonly accuracy?: (run: PlannedRun) => number
  /** Runs that are planned only. */
  readonly open?: (run: PlannedRun) => boolean
  readonly cost?: Partial<RunCost>
}

export const COMPARISON: Comparison = {
  name: 'tiny',
  command: 'pal compare tiny.yaml --integrations plits,lal --seeds 1,2',
  recipe: 'tiny.yaml',
  changes: [{ key: 'stages.0.steps', before: 400, after: 8 }],
  ...{ integrations: ['plits', 'lal'], seeds: [1, 2], limit: 0, scenes: 5 },
}

/** Writes the folder of a comparison with invented runs: 40 audios, each with a name and a presence question. */
export async function writeTinyComparison({
  comparison,
  accuracy = () => 0.5,
  open = () => false,
  cost,
}: TinyOptions = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-compare-'))
  const whole = { ...COMPARISON, ...comparison }
  await keepComparison(folder, whole)
  for (const run of planRuns(whole.integrations, whole.seeds).filter((one) => !open(one))) {
    const samples = samplesOf(run, accuracy(run))
    const identity = { questions: 1, count: samples.length, limit: whole.limit, scenes: whole.scenes }
    await mkdir(join(folder, run.folder, 'eval'), { recursive: true })
    await writeLines(join(folder, run.folder, 'eval', 'samples.jsonl'), samples)
    await writeFile(join(folder, run.folder, 'eval', 'identity.json'), JSON.stringify(identity))
    await writeLines(join(folder, run.folder, 'metrics.jsonl'), stepsOf(run))
    await writeFile(join(folder, run.folder, 'cost.json'), JSON.stringify({ ...costOf(run), ...cost }))
  }
  return folder
}

export function samplesOf({ integration, seed }: PlannedRun, accuracy: number): readonly Sample[] {
  const random = new Random('tiny comparison', integration, seed)
  return Array.from({ length: 40 }, (_, i) => i).flatMap((i) =>
    (['name', 'presence'] as const).map((task) => ({
      ...{ id: `clip:${i}:${task}`, audio: `clip:${i}`, task, scoring: task, question: '?' },
      expected: task === 'name' ? 'Rain.' : i % 4 === 0 ? 'Yes.' : 'No.',
      ...{ answer: 'Rain.', right: random.chance(accuracy), offFormat: i === 0 },
    })),
  )
}

export function stepsOf({ seed }: Pick<PlannedRun, 'seed'>, count = 8): readonly StepReport[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ stage: i < count / 2 ? 'first' : 'second', step: i + 1, loss: 4 / (i + seed), gradientNorm: 1 },
    ...{ learningRate: 1e-3, milliseconds: 500, audios: 4, seconds: 4, learnt: 8 },
  }))
}

function costOf({ integration, seed }: PlannedRun): RunCost {
  const factor = (integration === 'plits' ? 2 : 1) * (1 + seed / 10)
  return {
    ...{ stepMilliseconds: 100 * factor, recordingsPerSecond: 40 / factor, peakMemoryMiB: 1000 * factor },
    ...{ trainedParameters: 1234, date: '2026-11-23' },
    machine: { processor: 'abacus', cores: 2, memoryGiB: 1, system: 'none', node: '20', load: 0 },
  }
}

async function writeLines(path: string, rows: readonly object[]): Promise<void> {
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
