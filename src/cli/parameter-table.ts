import type { TrainEvent } from '../train/run-options.js'

/**
 * The parts of a model, a line each: where their numbers come from, if that is known, and how many of them each stage trains.
 * @returns lines, the first with the columns' names, the last with their sums
 */
export function parameterTable({
  inherited,
  stages,
}: Extract<TrainEvent, { kind: 'parameters' }>): readonly string[] {
  const parts = [...new Set(stages.flatMap(({ parameters }) => parameters.map(({ part }) => part)))]
  const origins = inherited?.parts ?? []
  const sources = [
    column('of the base', origins, ({ base }) => base),
    column(`of ${inherited?.start}`, origins, ({ start }) => start),
    column('drawn anew', origins, ({ drawn }) => drawn),
  ].filter(({ sum }) => sum > 0)
  const trained = stages.map(({ name, parameters }) => column(name, parameters, (part) => part.trained))
  const line = (part: string, cell: (one: Column) => string) => {
    const cells = (columns: readonly Column[]) =>
      columns.map((one) => cell(one).padStart(one.width)).join('  ')
    const groups = [sources, trained].filter(({ length }) => length > 0).map(cells)
    return [part.padEnd(Math.max(...[...parts, TOTAL].map(({ length }) => length))), ...groups].join(' │ ')
  }
  return [
    line('', ({ head }) => head),
    ...parts.map((part) => line(part, ({ counts }) => count(counts.get(part) ?? 0))),
    line(TOTAL, ({ sum }) => count(sum)),
  ]
}

const TOTAL = 'in all'

interface Column {
  readonly head: string
  readonly counts: ReadonlyMap<string, number>
  readonly sum: number
  readonly width: number
}

function column<T extends { readonly part: string }>(
  head: string,
  parts: readonly T[],
  countOf: (part: T) => number,
): Column {
  const counts = new Map(parts.map((one) => [one.part, countOf(one)]))
  const sum = [...counts.values()].reduce((total, one) => total + one, 0)
  return { head, counts, sum, width: Math.max(head.length, count(sum).length) }
}

const count = (parameters: number) => (parameters === 0 ? '–' : parameters.toLocaleString('en'))
