import type { FinishedRun } from './kept.js'
import { meanInterval } from './two-way-interval.js'

/** What an integration's runs cost. */
export interface Cost {
  readonly integration: string
  readonly trainedParameters: number
  readonly stepMilliseconds: CostOverSeeds
  readonly recordingsPerSecond: CostOverSeeds
  /** Of all steps; decoding, saving and asking come on top. */
  readonly trainingSeconds: CostOverSeeds
  /** Of the process that trained. */
  readonly peakMemoryMiB: CostOverSeeds
}

export interface CostOverSeeds {
  readonly mean: number
  /** Over seeds; nothing of one. */
  readonly deviation?: number
  readonly seeds: readonly { readonly seed: number; readonly value: number }[]
  /** To the baseline, seed by seed, for what slowed the machine down while one seed was trained slowed both. */
  readonly ratio?: Ratio
}

export interface Ratio {
  /** The geometric mean over seeds. */
  readonly mean: number
  readonly low: number
  readonly high: number
  readonly seeds: number
  /** At least two seeds, and the mean's 95 % interval (Student's, of the logarithms) leaves 1 out. */
  readonly conclusive: boolean
}

export function costsOf(
  groups: ReadonlyMap<string, readonly FinishedRun[]>,
  baseline: string,
): readonly Cost[] {
  return [...groups].map(([integration, runs]) => {
    const base = integration === baseline ? [] : (groups.get(baseline) ?? [])
    const over = (value: (run: FinishedRun) => number) => overSeeds(runs, base, value)
    return {
      integration,
      trainedParameters: runs[0]!.cost.trainedParameters,
      stepMilliseconds: over(({ cost }) => cost.stepMilliseconds),
      recordingsPerSecond: over(({ cost }) => cost.recordingsPerSecond),
      trainingSeconds: over(
        ({ steps }) => steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000,
      ),
      peakMemoryMiB: over(({ cost }) => cost.peakMemoryMiB),
    }
  })
}

function overSeeds(
  runs: readonly FinishedRun[],
  base: readonly FinishedRun[],
  value: (run: FinishedRun) => number,
): CostOverSeeds {
  const seeds = runs.map((run) => ({ seed: run.run.seed, value: value(run) }))
  const mean = meanOf(seeds.map((one) => one.value))
  const variance = seeds.reduce((sum, one) => sum + (one.value - mean) ** 2, 0) / (seeds.length - 1)
  const ratios = seeds.flatMap((one) => {
    const other = base.find(({ run }) => run.seed === one.seed)
    return other ? [one.value / value(other)] : []
  })
  return {
    mean,
    ...(seeds.length > 1 && { deviation: Math.sqrt(variance) }),
    seeds,
    ...(ratios.length > 0 && { ratio: ratioOf(ratios) }),
  }
}

function ratioOf(ratios: readonly number[]): Ratio {
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)]
  const seeds = ratios.length
  const logarithm = meanInterval(ratios.map(Math.log))
  const conclusive = seeds > 1 && (logarithm.low > 0 || logarithm.high < 0)
  return { mean: Math.exp(logarithm.value), low, high, seeds, conclusive }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
