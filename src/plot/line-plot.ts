import { escaped } from './escaped.js'
import { frame } from './frame.js'
import { drawMark, type Mark, markOf } from './mark.js'
import { linearScale, logScale } from './scale.js'

/** One line of a plot. */
export interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

export interface Point {
  readonly x: number
  readonly y: number
  /** Its spread: what of, the plot's subtitle says. */
  readonly low: number
  readonly high: number
}

export interface LinePlotOptions {
  readonly title: string
  readonly subtitle?: string
  readonly xLabel: string
  readonly yLabel: string
  /** The spread as bars at few points, or as a band along many. @default 'bars' */
  readonly spread?: 'bars' | 'band'
  /** Equal steps for equal ratios, instead of from zero. */
  readonly log?: boolean
  /** Where something begins, named above the plot. */
  readonly dividers?: readonly { readonly x: number; readonly name: string }[]
}

/** On a line with a band. */
const MARKS = 8

/** Lines with the spread at each point. */
export function linePlot(series: readonly Series[], options: LinePlotOptions): string {
  const { title, subtitle, xLabel, yLabel, spread = 'bars', log = false, dividers = [] } = options
  const points = series.flatMap((one) => one.points)
  const ys = points.flatMap(({ low, y, high }) => [low, y, high])
  const { x, y, area, svg } = frame({
    ...{ title, ...(subtitle && { subtitle }) },
    x: linearScale(
      xLabel,
      points.map((point) => point.x),
    ),
    y: log ? logScale(yLabel, ys) : linearScale(yLabel, ys),
    series: series.map(({ name }) => name),
  })
  const place = (across: number, up: number) => `${x(across).toFixed(1)},${y(up).toFixed(1)}`
  const polyline = (one: Series, { colour }: Mark) =>
    `<polyline points="${one.points.map((p) => place(p.x, p.y)).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`
  const band = (one: Series, { colour }: Mark) => {
    const edge = [
      ...one.points.map((p) => place(p.x, p.high)),
      ...[...one.points].reverse().map((p) => place(p.x, p.low)),
    ]
    return `<polygon points="${edge.join(' ')}" fill="${colour}" opacity="0.18"/>`
  }
  const bars = (one: Series, mark: Mark) => [
    ...one.points.map(
      (p) =>
        `<line x1="${x(p.x)}" x2="${x(p.x)}" y1="${y(p.low)}" y2="${y(p.high)}" stroke="${mark.colour}" stroke-width="5" opacity="0.4"/>`,
    ),
    ...one.points.map((p) => drawMark(mark, x(p.x), y(p.y))),
  ]
  /** Here and there, each line elsewhere, so that lines on top of each other all show. */
  const marks = (one: Series, mark: Mark, i: number) => {
    const every = Math.max(1, Math.floor(one.points.length / MARKS))
    const first = Math.floor((every * (i + 0.5)) / series.length)
    return one.points.filter((_, at) => at % every === first).map((p) => drawMark(mark, x(p.x), y(p.y)))
  }
  const marked = series.map((one, i) => [one, markOf(i)] as const)
  return svg([
    ...dividers.map(
      ({ x: at, name }) =>
        `<line x1="${x(at)}" x2="${x(at)}" y1="${area.top}" y2="${area.bottom}" stroke="#888888" stroke-dasharray="4 3"/>` +
        `<text x="${x(at)}" y="${area.top - 4}" font-size="11" fill="#555555">${escaped(name)}</text>`,
    ),
    ...(spread === 'band' ? marked.map(([one, mark]) => band(one, mark)) : []),
    ...marked.flatMap(([one, mark]) => [polyline(one, mark), ...(spread === 'bars' ? bars(one, mark) : [])]),
    ...(spread === 'band' ? marked.flatMap(([one, mark], i) => marks(one, mark, i)) : []),
  ])
}
