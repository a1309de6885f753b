/**
 * Text that was written by people or read from data must not steer the model: a user who types `<|end|>` means
 * six characters, not the end of their turn. Tokenizers look for special tokens anywhere in a rendered chat, so
 * their names are taken out of the text before (`hide`) and put back after the search (`reveal`).
 *
 * A hidden name is two characters from a plane of Unicode that is set aside for private use; a mark that the
 * text itself contains is doubled, so nothing that can be written is lost or mistaken. What it costs: a chat
 * template that looks into the content, or cuts it to a length, sees the stand-ins where a special token's name
 * was written. Text without such names passes through unchanged.
 */
export interface LiteralText {
  /** Takes the names of special tokens out of a text. */
  hide(text: string): string
  /** Leaves the names in, and only sees to it that `reveal` gives the same text back. */
  keep(text: string): string
  reveal(text: string): string
}

export function literalText(specialTokens: readonly string[]): LiteralText {
  const longestFirst = [...specialTokens].sort((a, b) => b.length - a.length)
  const toHide = new RegExp([mark, ...longestFirst].map(escaped).join('|'), 'gu')
  const standIns = new Map([
    [mark, mark + mark],
    ...longestFirst.map((t, i) => [t, mark + standIn(i)] as const),
  ])
  const originals = new Map([...standIns].map(([original, hidden]) => [hidden, original]))
  const toReveal = new RegExp(`${mark}.`, 'gsu')
  return {
    hide: (text) => text.replace(toHide, (original) => standIns.get(original) as string),
    keep: (text) => text.replaceAll(mark, mark + mark),
    reveal: (text) => text.replace(toReveal, (hidden) => originals.get(hidden) ?? hidden),
  }
}

/** The last character for private use; the names' stand-ins count up from the start of the same plane. */
const mark = '\u{10fffd}'

function standIn(index: number): string {
  return String.fromCodePoint(0x100000 + index)
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
