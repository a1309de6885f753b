import { PalError } from '../errors.js'

/** Text that ends before the first of some strings. The pieces, joined, are the text up to there. */
export interface StoppingText {
  /** What can be given of the text so far: an end that may become a stop string waits. */
  push(piece: string): string
  /** A stop string has come: nothing follows. */
  readonly stopped: boolean
  /** What still waits when the text ends without one. */
  flush(): string
}

/** @throws PalError for an empty stop string, which would end every text before it begins */
export function stopAt(strings: readonly string[]): StoppingText {
  if (strings.includes('')) throw new PalError('expected stop strings of a letter or more', { key: 'stop' })
  let waiting = ''
  let stopped = false
  return {
    get stopped() {
      return stopped
    },
    push(piece) {
      if (stopped) return ''
      const text = waiting + piece
      const found = strings.map((string) => text.indexOf(string)).filter((at) => at !== -1)
      stopped = found.length > 0
      const end = stopped ? Math.min(...found) : text.length - longestStart(text, strings)
      waiting = stopped ? '' : text.slice(end)
      return text.slice(0, end)
    },
    flush() {
      const rest = waiting
      waiting = ''
      return rest
    },
  }
}

/** The length of the longest end of the text that a stop string begins with. */
function longestStart(text: string, strings: readonly string[]): number {
  const most = Math.min(text.length, Math.max(0, ...strings.map(({ length }) => length - 1)))
  for (let length = most; length > 0; length--) {
    const end = text.slice(-length)
    if (strings.some((string) => string.startsWith(end))) return length
  }
  return 0
}
