import { frame } from './frame.js'
import type { Interval } from './interval-plot.js'
import { drawMark, markOf } from './mark.js'
import { linearScale } from './scale.js'
import { whisker } from './whisker.js'

/** A point with its spread both ways, and the single runs that it is made of. */
export interface ScatterSeries {
  readonly name: string
  readonly x: Interval
  readonly y: Interval
  readonly runs: readonly { readonly x: number; readonly y: number }[]
}

export interface ScatterPlotOptions {
  readonly title: string
  readonly subtitle?: string
  readonly xLabel: string
  readonly yLabel: string
}

/** One value against another; the first from zero, the second where its values lie. */
export function scatterPlot(
  series: readonly ScatterSeries[],
  { title, subtitle, xLabel, yLabel }: ScatterPlotOptions,
): string {
  const { x, y, svg } = frame({
    ...{ title, ...(subtitle && { subtitle }), series: series.map(({ name }) => name) },
    x: linearScale(
      xLabel,
      series.flatMap((one) => [one.x.low, one.x.high, ...one.runs.map((run) => run.x)]),
    ),
    y: linearScale(
      yLabel,
      series.flatMap((one) => [one.y.low, one.y.high, ...one.runs.map((run) => run.y)]),
      { fromZero: false },
    ),
  })
  const marked = series.map((one, i) => [one, markOf(i)] as const)
  return svg([
    ...marked.flatMap(([one, { colour }]) => [
      whisker([x(one.x.low), y(one.y.value)], [x(one.x.high), y(one.y.value)], colour),
      whisker([x(one.x.value), y(one.y.low)], [x(one.x.value), y(one.y.high)], colour),
    ]),
    ...marked.map(([one, mark]) => drawMark(mark, x(one.x.value), y(one.y.value), 6)),
    ...marked.flatMap(([{ runs }, { colour }]) =>
      runs.map(
        (run) =>
          `<circle cx="${x(run.x).toFixed(1)}" cy="${y(run.y).toFixed(1)}" r="3" fill="#ffffff" stroke="${colour}" stroke-width="1.2"/>`,
      ),
    ),
  ])
}
