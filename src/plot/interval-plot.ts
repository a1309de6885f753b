import { frame } from './frame.js'
import { drawMark, markOf } from './mark.js'
import { linearScale, nameScale } from './scale.js'
import { whisker } from './whisker.js'

/** What one series has in each category, in the order of the categories. */
export interface IntervalSeries {
  readonly name: string
  readonly intervals: readonly Interval[]
}

export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface IntervalPlotOptions {
  readonly title: string
  readonly subtitle?: string
  readonly xLabel: string
  readonly categories: readonly string[]
}

const DOT = 17
const GAP = 10

/** Dots with their intervals, from zero: a row for each category, in it a line for each series. */
export function intervalPlot(
  series: readonly IntervalSeries[],
  { title, subtitle, xLabel, categories }: IntervalPlotOptions,
): string {
  const row = series.length * DOT + GAP
  const { x, y, area, svg } = frame({
    ...{ title, ...(subtitle && { subtitle }), series: series.map(({ name }) => name) },
    x: linearScale(
      xLabel,
      series.flatMap(({ intervals }) => intervals.flatMap(({ value, low, high }) => [low, value, high])),
    ),
    y: nameScale('', categories),
    plotHeight: row * categories.length,
  })
  const edges = Array.from({ length: categories.length + 1 }, (_, i) => area.top + i * row)
  return svg([
    ...edges.map(
      (at) => `<line x1="${area.left}" x2="${area.right}" y1="${at}" y2="${at}" stroke="#bbbbbb"/>`,
    ),
    ...series.flatMap(({ intervals }, i) =>
      intervals.flatMap(({ value, low, high }, category) => {
        const mark = markOf(i)
        const at = y(category) + (i - (series.length - 1) / 2) * DOT
        return [whisker([x(low), at], [x(high), at], mark.colour), drawMark(mark, x(value), at)]
      }),
    ),
  ])
}
