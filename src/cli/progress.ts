import { launchOf } from '../parallel/launch.js'

/** One line on standard error: redrawn on a terminal, otherwise a new line every ten seconds. Under `mpirun` that of rank 0. */
export class ProgressLine {
  #shownAt = 0
  #open = false
  readonly #silent = (launchOf()?.rank ?? 0) > 0

  show(text: string): void {
    if (this.#silent) return
    const now = performance.now()
    const { isTTY, columns = 80 } = process.stderr
    if (now - this.#shownAt < (isTTY ? 100 : 10_000)) return
    this.#shownAt = now
    this.#open = isTTY === true
    process.stderr.write(isTTY ? `\r${text.slice(0, columns - 1)}\u001b[K` : `${text}\n`)
  }

  /** Ends the line, so that what is printed next begins on its own. */
  end(): void {
    if (this.#open) process.stderr.write('\n')
    this.#open = false
    this.#shownAt = 0
  }
}

/** Seconds as a person says them: 45 s, 12 min, 3 h 20 min. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
