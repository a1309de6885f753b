/** One line of a plot. */
export interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

export interface Point {
  readonly x: number
  readonly y: number
  /** The middle half of the measurements. */
  readonly low: number
  readonly high: number
}

export interface PlotOptions {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
}

const [WIDTH, HEIGHT] = [720, 440]
const FRAME = { left: 76, right: 700, top: 56, bottom: 384 }
/** Told apart with every common colour vision (Okabe and Ito 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']

/** Lines with the spread at each point, from zero, as SVG that needs nothing else. */
export function plot(series: readonly Series[], { title, xLabel, yLabel }: PlotOptions): string {
  const points = series.flatMap((one) => one.points)
  const xTicks = ticks(Math.max(...points.map(({ x }) => x)))
  const yTicks = ticks(Math.max(...points.map(({ high }) => high)))
  const x = (value: number) => FRAME.left + (value / xTicks.at(-1)!) * (FRAME.right - FRAME.left)
  const y = (value: number) => FRAME.bottom - (value / yTicks.at(-1)!) * (FRAME.bottom - FRAME.top)
  const parts = [
    `<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="16">${escaped(title)}</text>`,
    ...xTicks.map((tick) => grid({ x1: x(tick), x2: x(tick), y1: FRAME.top, y2: FRAME.bottom })),
    ...yTicks.map((tick) => grid({ x1: FRAME.left, x2: FRAME.right, y1: y(tick), y2: y(tick) })),
    ...xTicks.map(
      (tick) => `<text x="${x(tick)}" y="${FRAME.bottom + 18}" text-anchor="middle">${label(tick)}</text>`,
    ),
    ...yTicks.map(
      (tick) => `<text x="${FRAME.left - 8}" y="${y(tick) + 4}" text-anchor="end">${label(tick)}</text>`,
    ),
    `<text x="${(FRAME.left + FRAME.right) / 2}" y="${FRAME.bottom + 40}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(20 ${(FRAME.top + FRAME.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
    ...series.flatMap((one, i) => line(one, COLOURS[i % COLOURS.length]!, x, y)),
    ...series.map(({ name }, i) => legend(name, COLOURS[i % COLOURS.length]!, i)),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function line(
  { points }: Series,
  colour: string,
  x: (value: number) => number,
  y: (value: number) => number,
): readonly string[] {
  const path = points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(' ')
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(
      (p) =>
        `<line x1="${x(p.x)}" x2="${x(p.x)}" y1="${y(p.low)}" y2="${y(p.high)}" stroke="${colour}" stroke-width="5" opacity="0.4"/>`,
    ),
    ...points.map((p) => `<circle cx="${x(p.x)}" cy="${y(p.y)}" r="3.5" fill="${colour}"/>`),
  ]
}

function legend(name: string, colour: string, i: number): string {
  const at = FRAME.top + 10 + 18 * i
  return `<rect x="${FRAME.left + 12}" y="${at - 9}" width="14" height="9" fill="${colour}"/><text x="${FRAME.left + 32}" y="${at}">${escaped(name)}</text>`
}

function grid(ends: Readonly<Record<'x1' | 'x2' | 'y1' | 'y2', number>>): string {
  const attributes = Object.entries(ends).map(([name, value]) => `${name}="${value.toFixed(1)}"`)
  return `<line ${attributes.join(' ')} stroke="#dddddd"/>`
}

/** Round numbers from zero to the first that is no less than the largest. */
function ticks(largest: number): readonly number[] {
  const most = largest > 0 ? largest : 1
  const power = 10 ** Math.floor(Math.log10(most / 4))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => most / one <= 6)!
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => i * step)
}

function label(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en-US')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
