import type { PullProgress } from '../hub/pull.js'
import type { LoadOptions } from '../model/load-options.js'
import { launchOf } from '../parallel/launch.js'
import type { LoadSetsOptions } from '../train/sources.js'

/** Whether the cursor stands behind a progress line. */
let isOpen = false

/** Ends the progress line that there is, if there is one, so that what is printed next begins on its own. */
export function endProgress(): void {
  if (isOpen) process.stderr.write('\n')
  isOpen = false
}

/** One line on standard error: redrawn on a terminal, otherwise a new line every ten seconds. Under `mpirun` that of rank 0. */
export class ProgressLine {
  #shownAt = 0
  readonly #silent = (launchOf()?.rank ?? 0) > 0

  show(text: string): void {
    if (this.#silent) return
    const now = performance.now()
    const { isTTY, columns = 80 } = process.stderr
    if (now - this.#shownAt < (isTTY ? 100 : 10_000)) return
    this.#shownAt = now
    isOpen = isTTY === true
    process.stderr.write(isTTY ? `\r${text.slice(0, columns - 1)}\u001b[K` : `${text}\n`)
  }

  /** Says something in a line of its own. */
  note(sentence: string): void {
    this.end()
    if (!this.#silent) process.stderr.write(`pal: ${sentence}\n`)
  }

  /** What is shown next is shown at once, on a line of its own. */
  end(): void {
    endProgress()
    this.#shownAt = 0
  }
}

/** Seconds as a person says them: 45 s, 12 min, 3 h 20 min. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** How far a download is, how quick, and how long it takes from here. */
export class DownloadBar {
  #start: { readonly at: number; readonly done: number } | undefined

  draw({ file, done, total }: PullProgress): string {
    const now = performance.now()
    this.#start ??= { at: now, done }
    const seconds = (now - this.#start.at) / 1000
    const speed = (done - this.#start.done) / seconds
    const share = total === 0 ? 1 : done / total
    const filled = Math.round(20 * share)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(20 - filled)}`
    const left =
      speed > 0 && seconds > 1 ? `, ${mega(speed)} MB/s, ${duration((total - done) / speed)} left` : ''
    return `${bar} ${Math.floor(100 * share)} % of ${mega(total)} MB${left} · ${file}`
  }
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)
}

/** How far a model's weights are converted. */
export function converting(done: number, total: number): string {
  return `converting weights ${Math.round((100 * done) / total)} %`
}

/** Shows how far recordings are decoded and what is noticed in them, and ends the line when `decoding` has ended. */
export async function showingDecoding<T>(
  decoding: (shown: Required<Pick<LoadSetsOptions, 'onProgress' | 'onWarning'>>) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine()
  try {
    return await decoding({
      onProgress: (set, done, total) => line.show(`decoding ${set} ${done}/${total}`),
      onWarning: (message) => line.note(`warning: ${message}`),
    })
  } finally {
    line.end()
  }
}

/** Shows what is fetched from the hub and converted while a model is opened, and ends the line when `opening` has ended. */
export async function showingOpening<T>(
  signal: AbortSignal,
  opening: (shown: Pick<LoadOptions, 'fetch' | 'onConverting' | 'signal'>) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine()
  const bars = new Map<string, DownloadBar>()
  const barOf = (name: string) => {
    const bar = bars.get(name) ?? new DownloadBar()
    bars.set(name, bar)
    return bar
  }
  try {
    return await opening({
      signal,
      fetch: {
        onNotice: (sentence) => line.note(sentence),
        onProgress: (progress) => line.show(`${barOf(progress.name).draw(progress)} of ${progress.name}`),
      },
      onConverting: (done, total) => line.show(converting(done, total)),
    })
  } finally {
    line.end()
  }
}
