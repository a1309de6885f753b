/** One axis: where its values lie, and which of them are written beside it. */
export interface Scale {
  /** With the unit. */
  readonly label: string
  readonly ticks: readonly Tick[]
  /** 0 at the axis's low end, 1 at its high end. */
  readonly at: (value: number) => number
  /** Ticks have lines across the plot. */
  readonly lines: boolean
}

export interface Tick {
  readonly value: number
  readonly text: string
}

/** Equal steps between round numbers that hold all values. @param fromZero so that lengths compare as values do */
export function linearScale(
  label: string,
  values: readonly number[],
  { fromZero = true }: { readonly fromZero?: boolean } = {},
): Scale {
  const step = roundStep(extent(fromZero ? [0, ...values] : values))
  const [least, most] = extent(fromZero ? [0, ...values] : values)
  const first = Math.floor(least / step + 1e-9)
  const last = Math.max(first + 1, Math.ceil(most / step - 1e-9))
  const numbers = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
  const at = (value: number) => (value / step - first) / (last - first)
  return { label, ticks: numbers.map(tick), at, lines: true }
}

/** Equal steps between equal ratios: for values above zero that span decades. */
export function logScale(label: string, values: readonly number[]): Scale {
  const [least, most] = extent(values)
  const [low, high] = [Math.log(least) - 0.03, Math.log(most) + 0.03]
  const decades = Array.from({ length: 40 }, (_, i) => 10 ** (i - 20))
  const round = decades.flatMap((decade) => [1, 2, 5].map((factor) => factor * decade))
  const inside = (candidates: readonly number[]) =>
    candidates.filter((value) => value > 0 && Math.log(value) >= low && Math.log(value) <= high)
  const few = inside(round)
  const numbers =
    few.length > 2 ? few : inside(linearScale('', values, { fromZero: false }).ticks.map((one) => one.value))
  return {
    label,
    ticks: numbers.map(tick),
    at: (value) => (Math.log(value) - low) / (high - low),
    lines: true,
  }
}

/** A place for each name, the first at the high end; a value is the name's number. */
export function nameScale(label: string, names: readonly string[]): Scale {
  const at = (value: number) => 1 - (value + 0.5) / names.length
  return { label, ticks: names.map((text, value) => ({ value, text })), at, lines: false }
}

function extent(values: readonly number[]): readonly [number, number] {
  const finite = values.filter(Number.isFinite)
  return finite.length === 0 ? [0, 1] : [Math.min(...finite), Math.max(...finite)]
}

/** The smallest round number that covers the extent in at most six steps. */
function roundStep([least, most]: readonly [number, number]): number {
  const length = most > least ? most - least : Math.abs(most) || 1
  const power = 10 ** Math.floor(Math.log10(length / 6))
  return [1, 2, 2.5, 5, 10, 20].map((factor) => factor * power).find((step) => length / step <= 6)!
}

function tick(value: number): Tick {
  return { value, text: Number(value.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 6 }) }
}
