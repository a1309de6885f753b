import type { Cost } from './cost.js'
import type { Item } from './document.js'
import { corrected, points, seedBySeed } from './format.js'
import { displayName } from './plan.js'
import { ALL_QUESTIONS, type ComparisonReport, type Difference, type Verdict } from './report.js'

/** What can be concluded, and what cannot: over all questions, task by task, and about cost. */
export function conclusions({ differences, costs, baseline, tasks }: ComparisonReport): readonly Item[] {
  const than = displayName(baseline)
  const overall = differences.filter(({ task }) => task === ALL_QUESTIONS)
  const single = differences.filter(
    ({ task, verdict }) => task !== ALL_QUESTIONS && verdict !== 'no conclusion',
  )
  const items = [
    ...overall.map((one) => ({
      lead: `${displayName(one.integration)}, accuracy: ${VERDICTS[one.verdict](than)}`,
      text: `${points(one)} over all questions, ${corrected(one.corrected)}${reason(one)}.`,
    })),
    ...single.map((one) => ({
      lead: `${displayName(one.integration)}, ${one.task}: ${VERDICTS[one.verdict](than)}`,
      text: `${points(one)}, ${corrected(one.corrected)}.`,
    })),
    ...(overall.length > 0 && single.length === 0
      ? [
          {
            lead: 'Task by task: no conclusion',
            text: `none of the ${tasks.length - 1} tasks tells any apart from ${than} after Holm.`,
          },
        ]
      : []),
    ...costs.flatMap((cost) =>
      COSTS.flatMap(({ name, of, more, less }) => {
        const { ratio } = of(cost)
        if (!ratio) return []
        const verdict = ratio.conclusive ? `${ratio.mean < 1 ? less : more} than ${than}` : 'no conclusion'
        return [
          {
            lead: `${displayName(cost.integration)}, ${name}: ${verdict}`,
            text: `${ratio.mean.toFixed(2)} times that of ${than} (${seedBySeed(ratio)}).`,
          },
        ]
      }),
    ),
  ]
  return items.length > 0 ? items : [{ lead: 'No conclusion', text: NOTHING_TO_PAIR }]
}

const VERDICTS: Readonly<Record<Verdict, (than: string) => string>> = {
  better: (than) => `higher than ${than}`,
  worse: (than) => `lower than ${than}`,
  'no conclusion': () => 'no conclusion',
}

/** The costs that are concluded about. */
const COSTS = [
  { name: 'step time', of: (cost: Cost) => cost.stepMilliseconds, more: 'longer', less: 'shorter' },
  { name: 'peak memory', of: (cost: Cost) => cost.peakMemoryMiB, more: 'higher', less: 'lower' },
] as const

/** Why there is no conclusion. */
function reason({ verdict, low, high }: Difference): string {
  if (verdict !== 'no conclusion') return ''
  if (low <= 0 && high >= 0) return '; the interval holds 0, so either may be ahead'
  return '; the permutation test does not tell them apart'
}

export const NOTHING_TO_PAIR =
  'No other integration has a finished run of a seed that the baseline has finished.'
