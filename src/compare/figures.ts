import type { Estimate } from '../eval/bootstrap.js'
import { intervalPlot } from '../plot/interval-plot.js'
import { linePlot } from '../plot/line-plot.js'
import { scatterPlot } from '../plot/scatter-plot.js'
import type { Cost, CostOverSeeds } from './cost.js'
import type { Figure } from './document.js'
import { displayName } from './plan.js'
import type { ComparisonReport } from './report.js'

/** Accuracy by task, with the intervals of the table. */
export function accuracyFigure({ tasks, costs }: ComparisonReport): Figure {
  const series = costs.map(({ integration }) => ({
    name: displayName(integration),
    intervals: tasks.map(({ results }) => percent(results.find((one) => one.integration === integration)!)),
  }))
  const balanced = tasks.filter(({ measure }) => measure === 'balanced accuracy').map(({ task }) => task)
  const svg = intervalPlot(series, {
    title: 'Accuracy by task',
    subtitle: 'bars: 95 % intervals; in brackets: questions that each seed’s model was asked',
    xLabel: `accuracy, %${balanced.length > 0 ? ` (${balanced.join(', ')}: balanced)` : ''}`,
    categories: tasks.map(({ task, questions }) => `${task} (${questions})`),
  })
  return { name: 'accuracy', svg, caption: 'Accuracy by task, with 95 % intervals.' }
}

/** How each integration learnt. */
export function lossFigure({ curves }: ComparisonReport): Figure {
  const stages = curves[0]?.stages ?? []
  const window = curves[0]?.window ?? 1
  const svg = linePlot(
    curves.map(({ integration, points }) => ({ name: displayName(integration), points })),
    {
      title: 'Training loss',
      subtitle: `line: mean over seeds; band: least to most of them${window > 1 ? `; each the mean of ${window} steps` : ''}`,
      xLabel: 'training step',
      yLabel: 'loss, nats a token (logarithmic)',
      spread: 'band',
      log: true,
      dividers: stages.length > 1 ? stages : [],
    },
  )
  return { name: 'loss', svg, caption: 'Training loss over steps.' }
}

export function timeFigure(report: ComparisonReport): Figure {
  return costFigure(report, 'time', {
    title: 'Accuracy against training time',
    caption: 'Accuracy over all questions against training time.',
    xLabel: 'training time, minutes (all steps)',
    of: (cost) => cost.trainingSeconds,
    unit: 60,
  })
}

export function memoryFigure(report: ComparisonReport): Figure {
  return costFigure(report, 'memory', {
    title: 'Accuracy against peak memory',
    caption: 'Accuracy over all questions against peak memory of the training process.',
    xLabel: 'peak memory, GiB (training process)',
    of: (cost) => cost.peakMemoryMiB,
    unit: 1024,
  })
}

interface CostAxis {
  readonly title: string
  readonly caption: string
  readonly xLabel: string
  readonly of: (cost: Cost) => CostOverSeeds
  /** What the axis counts in, in the unit of the cost. */
  readonly unit: number
}

/** Accuracy over all questions against a cost. */
function costFigure(
  { tasks, costs }: ComparisonReport,
  name: string,
  { title, caption, xLabel, of, unit }: CostAxis,
): Figure {
  const series = costs.map((cost) => {
    const accuracy = tasks[0]!.results.find(({ integration }) => integration === cost.integration)!
    const { mean, seeds } = of(cost)
    const values = seeds.map(({ value }) => value / unit)
    return {
      name: displayName(cost.integration),
      x: { value: mean / unit, low: Math.min(...values), high: Math.max(...values) },
      y: percent(accuracy),
      runs: values.map((x, i) => ({ x, y: 100 * accuracy.seeds[i]!.value })),
    }
  })
  const svg = scatterPlot(series, {
    title,
    subtitle: 'bars: 95 % interval of accuracy, least to most of the cost; rings: single runs',
    xLabel,
    yLabel: 'accuracy over all questions, %',
  })
  return { name: `accuracy-${name}`, svg, caption }
}

function percent({ value, low, high }: Estimate): Estimate {
  return { value: 100 * value, low: 100 * low, high: 100 * high }
}
