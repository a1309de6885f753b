import { escaped } from './escaped.js'
import { drawMark, markOf } from './mark.js'
import type { Scale } from './scale.js'

export interface FrameOptions {
  readonly title: string
  /** A smaller line below it: what the numbers were taken on, what a bar stands for. */
  readonly subtitle?: string
  readonly x: Scale
  readonly y: Scale
  /** Named above the plot, in rows, so that no name covers data. */
  readonly series: readonly string[]
  /** Of the area that data is drawn in, in pixels. @default 330 */
  readonly plotHeight?: number
}

/** What a plot is drawn into. */
export interface Frame {
  /** Pixels, of a value. */
  readonly x: (value: number) => number
  readonly y: (value: number) => number
  /** The area that data is drawn in, in pixels. */
  readonly area: {
    readonly left: number
    readonly right: number
    readonly top: number
    readonly bottom: number
  }
  /** The whole, as SVG that needs nothing else. */
  readonly svg: (data: readonly string[]) => string
}

/** By name, because not everything that draws SVG knows what a machine's sans-serif face is. */
const FACES = 'Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif'
const WIDTH = 720
const RIGHT = 696
const ROW = 20

/** Title, names of the series, axes with their units, and lines across the plot. */
export function frame({ title, subtitle, x, y, series, plotHeight = 330 }: FrameOptions): Frame {
  const left = 52 + Math.max(...y.ticks.map(({ text }) => widthOf(text)))
  const names = rowsOf(series, RIGHT - left)
  const legendTop = subtitle ? 62 : 44
  const top = legendTop + names.length * ROW
  const area = { left, right: RIGHT, top, bottom: top + plotHeight }
  const height = area.bottom + 54
  const toX = (value: number) => left + x.at(value) * (RIGHT - left)
  const toY = (value: number) => area.bottom - y.at(value) * plotHeight
  const behind = [
    `<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="16" font-weight="bold">${escaped(title)}</text>`,
    ...(subtitle
      ? [
          `<text x="${WIDTH / 2}" y="41" text-anchor="middle" font-size="12" fill="#444444">${escaped(subtitle)}</text>`,
        ]
      : []),
    ...names.flatMap((row, i) => row.map((one) => legend(one, left, legendTop + i * ROW))),
    ...(x.lines ? x.ticks.map(({ value }) => line([toX(value), top], [toX(value), area.bottom])) : []),
    ...(y.lines ? y.ticks.map(({ value }) => line([left, toY(value)], [RIGHT, toY(value)])) : []),
    ...x.ticks.map((tick) => words(tick.text, toX(tick.value), area.bottom + 18, 'middle')),
    ...y.ticks.map((tick) => words(tick.text, left - 8, toY(tick.value) + 4, 'end')),
    words(x.label, (left + RIGHT) / 2, area.bottom + 42, 'middle'),
    `<text transform="translate(18 ${(top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`,
  ]
  const svg = (data: readonly string[]) =>
    [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="${FACES}" font-size="13" role="img" aria-label="${escaped(title)}">`,
      `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
      ...[...behind, ...data],
      '</svg>',
      '',
    ].join('\n')
  return { x: toX, y: toY, area, svg }
}

interface Entry {
  readonly name: string
  readonly number: number
  readonly x: number
}

/** Names side by side as long as they fit. */
function rowsOf(series: readonly string[], width: number): readonly (readonly Entry[])[] {
  const rows: Entry[][] = []
  let x = width
  for (const [number, name] of series.entries()) {
    const own = 20 + widthOf(name) + 22
    if (x + own > width || rows.length === 0) {
      rows.push([])
      x = 0
    }
    rows.at(-1)!.push({ name, number, x })
    x += own
  }
  return rows
}

function legend({ name, number, x }: Entry, left: number, y: number): string {
  const mark = markOf(number)
  const at = left + x
  return [
    `<line x1="${at}" x2="${at + 16}" y1="${y}" y2="${y}" stroke="${mark.colour}" stroke-width="2"/>`,
    drawMark(mark, at + 8, y),
    words(name, at + 22, y + 4, 'start'),
  ].join('')
}

function words(text: string, x: number, y: number, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(text)}</text>`
}

function line([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number]): string {
  return `<line x1="${x1.toFixed(1)}" x2="${x2.toFixed(1)}" y1="${y1.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#dddddd"/>`
}

/** About as wide as a wide sans-serif face sets it at 13 pixels: no face is known before the picture is shown. */
function widthOf(text: string): number {
  return 7.8 * text.length
}
