import type { CostOverSeeds } from './cost.js'
import type { Block } from './document.js'
import { interval, probability, share, signed, times } from './format.js'
import { displayName } from './plan.js'
import type { ComparisonReport } from './report.js'

/** For each task every integration's accuracy with its interval. */
export function accuracyTable({ tasks, costs }: ComparisonReport): Block {
  return {
    kind: 'table',
    columns: [
      'task',
      'measure',
      'questions',
      'audios',
      ...costs.map(({ integration }) => `${displayName(integration)}, % (95 %)`),
    ],
    rows: tasks.map(({ task, measure, questions, audios, results }) => [
      ...[task, measure, String(questions), String(audios)],
      ...results.map(({ value, low, high }) => `${share(value)} (${share(low)}–${share(high)})`),
    ]),
  }
}

/** For each task and integration how far it is from the baseline. */
export function differenceTable({ differences }: ComparisonReport): Block {
  return {
    kind: 'table',
    columns: [
      'task',
      'integration',
      'difference, points (95 %)',
      'by seed',
      'p',
      'p after Holm (of how many)',
      'conclusion',
    ],
    rows: differences.map((one) => [
      ...[one.task, displayName(one.integration), interval(one)],
      one.seeds.map(({ value }) => signed(value)).join(', '),
      ...[probability(one.p), `${probability(one.corrected)} (${one.family})`, one.verdict],
    ]),
  }
}

/** What the runs of each integration cost. */
export function costTable({ costs }: ComparisonReport): Block {
  return {
    kind: 'table',
    columns: [
      'integration',
      'step, ms',
      'recordings/s',
      'training, min',
      'peak memory, MiB',
      'trained parameters',
    ],
    rows: costs.map((cost) => [
      displayName(cost.integration),
      spread(cost.stepMilliseconds, 0),
      spread(cost.recordingsPerSecond, 1),
      spread(cost.trainingSeconds, 1, 1 / 60),
      spread(cost.peakMemoryMiB, 0),
      cost.trainedParameters.toLocaleString('en-US'),
    ]),
  }
}

function spread({ mean, deviation, ratio }: CostOverSeeds, digits: number, unit = 1): string {
  const own = [mean, ...(deviation === undefined ? [] : [deviation])].map((value) =>
    (value * unit).toFixed(digits),
  )
  return own.join(' ± ') + (ratio ? ` [${times(ratio)}${ratio.conclusive ? '' : ', no conclusion'}]` : '')
}
