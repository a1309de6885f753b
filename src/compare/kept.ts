import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { AnswerVocabulary } from '../data/questions/task.js'
import { PalError } from '../errors.js'
import type { EvalIdentity } from '../eval/identity.js'
import { keptAnswers } from '../eval/kept-answers.js'
import { rescore } from '../eval/run.js'
import type { Sample } from '../eval/sample.js'
import { SCORER_VERSION } from '../eval/score.js'
import { readOwnJson } from '../own-json.js'
import { heldOutHeard } from '../train/held-out-heard.js'
import { readMetrics } from '../train/metrics.js'
import type { LoadedRecipe } from '../train/recipe/recipe.js'
import type { StepReport } from '../train/trainer.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { type PlannedRun, planRuns } from './plan.js'
import { type RunCost, readCost } from './run-cost.js'

/** What a comparison is of, as its folder keeps it in `comparison.json`. */
export interface Comparison {
  readonly name: string
  /** The command that makes it, with every option said. */
  readonly command: string
  readonly recipe: string
  readonly changes: LoadedRecipe['overrides']
  /** The first is what the others are held against. */
  readonly integrations: readonly string[]
  readonly seeds: readonly number[]
  /** Questions of each task at most; 0 for all. */
  readonly limit: number
  /** Scenes composed for each task about scenes. */
  readonly scenes: number
}

/** A finished run: what it cost, how it learnt and what it answered. */
export interface FinishedRun {
  readonly run: PlannedRun
  readonly cost: RunCost
  readonly steps: readonly StepReport[]
  readonly samples: readonly Sample[]
  /** Where its answers are kept. */
  readonly answers: string
  /** Its stages that heard what is held out, if there are such. */
  readonly heldOutHeard?: readonly string[]
}

const COMPARISON = 'comparison.json'
const ANSWERS = 'eval'

const WRITTEN_ANEW =
  'Give the recipe, and this folder with --out: the file is written anew, and finished runs are not repeated.'

export async function keepComparison(folder: string, comparison: Comparison): Promise<void> {
  await writeAtomically(join(folder, COMPARISON), `${JSON.stringify(comparison, null, 2)}\n`)
}

const count = z.int().nonnegative()

const comparisonSchema: z.ZodType<Comparison> = z.strictObject({
  ...{ name: z.string(), command: z.string(), recipe: z.string() },
  changes: z.array(
    z
      // Of a setting that the recipe did not have, JSON leaves out what it was before.
      .strictObject({ key: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })
      .transform(({ key, before, after }) => ({ key, before, after })),
  ),
  ...{ integrations: z.array(z.string()).min(1), seeds: z.array(count).min(1), limit: count, scenes: count },
})

/** @throws PalError if the folder holds none, or a damaged one */
export async function readComparison(folder: string): Promise<Comparison> {
  const file = join(folder, COMPARISON)
  if (!existsSync(file)) {
    throw new PalError(`expected the folder of a comparison, got one without ${COMPARISON}`, {
      file: folder,
      hint: 'Give the recipe, and the folder with --out: finished runs are not repeated.',
    })
  }
  return readOwnJson(file, comparisonSchema, 'what the comparison is of', WRITTEN_ANEW)
}

/**
 * The runs of a comparison that are finished, trained and asked, in its order, and those that are not.
 * @throws PalError if their answers are to questions of different versions, or were judged by different scorers
 */
export async function readRuns(
  folder: string,
  { integrations, seeds, limit, scenes }: Comparison,
): Promise<{ readonly finished: readonly FinishedRun[]; readonly open: readonly PlannedRun[] }> {
  const finished: FinishedRun[] = []
  const open: PlannedRun[] = []
  const versions = new Map<string, PlannedRun>()
  for (const run of planRuns(integrations, seeds)) {
    const answers = await answersOf(folder, run, { limit, scenes })
    const own = join(folder, run.folder)
    const cost = await readCost(own)
    if (!answers || !cost) {
      open.push(run)
      continue
    }
    const { questions, scorer = 'an older one' } = answers.identity
    const version = `questions ${questions}, scorer ${scorer}`
    if (!versions.has(version)) versions.set(version, run)
    const heard = await heldOutHeard(own)
    finished.push({
      run,
      cost,
      steps: await readMetrics(own),
      samples: answers.samples,
      answers: answersFolder(folder, run),
      ...(heard.length > 0 && { heldOutHeard: heard }),
    })
  }
  if (versions.size > 1) {
    const found = [...versions].map(([version, run]) => `${version} (${run.folder})`)
    throw new PalError(`expected answers of one version, got ${found.join('; ')}`, {
      file: folder,
      hint: 'Give the recipe and this folder with --out: answers are judged again without training anything.',
    })
  }
  return { finished, open }
}

export function answersFolder(folder: string, run: PlannedRun): string {
  return join(folder, run.folder, ANSWERS)
}

/**
 * What a run's model has answered, if it has answered all that it is to be asked.
 * @param asked what the questions, and the verdicts, depend on
 */
export async function answersOf(
  folder: string,
  run: PlannedRun,
  asked: Readonly<Record<string, string | number>>,
): Promise<{ readonly identity: EvalIdentity; readonly samples: readonly Sample[] } | undefined> {
  const kept = await keptAnswers(answersFolder(folder, run))
  if (!kept || kept.samples.length !== kept.identity.count) return undefined
  return Object.entries(asked).every(([key, value]) => kept.identity[key] === value) ? kept : undefined
}

/** What a run's model has answered so far is judged as the scorer judges now. */
export async function judgeAgain(
  folder: string,
  run: PlannedRun,
  vocabulary: AnswerVocabulary,
): Promise<void> {
  const kept = await keptAnswers(answersFolder(folder, run))
  if (!kept || kept.identity.scorer === SCORER_VERSION || kept.samples.length === 0) return
  await rescore(answersFolder(folder, run), vocabulary)
}
