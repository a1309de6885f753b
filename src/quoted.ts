/**
 * A value of a hostile file, as a message may show it: as JSON, but no longer than a line and no deeper than a few
 * levels, so that it can neither fill the terminal nor the stack.
 */
export function quoted(value: unknown): string {
  return shorten(write(value, 3), LONGEST + 3) // A shortened text and its quotation marks.
}

/** A name of a hostile file, as a message may show it without quotation marks. */
export function escaped(name: string): string {
  return quoted(name).slice(1, -1)
}

const LONGEST = 120

function write(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value))
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'nothing'
  if (Array.isArray(value)) {
    if (depth === 0) return '[…]'
    return `[${first(value)
      .map((item) => write(item, depth - 1))
      .join()}]`
  }
  if (depth === 0) return '{…}'
  const entries = first(Object.entries(value))
  return `{${entries.map(([key, item]) => `${write(key, 0)}:${write(item, depth - 1)}`).join()}}`
}

/** More than fit on the line are never needed. */
function first<T>(items: readonly T[]): readonly T[] {
  return items.slice(0, LONGEST)
}

function shorten(text: string, longest = LONGEST): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
