import { PalError } from '../errors.js'

/** How an answer came about; complete when the answer is. */
export interface AskResult {
  readonly answer: string
  /** Seconds of audio that were heard. */
  readonly seconds: number
  /** Audio tokens by route: through the layers of the language model, or as keys and values only. */
  readonly audioTokens: { readonly plits: number; readonly lal: number }
  readonly promptTokens: number
  readonly answerTokens: number
  readonly timings: Timings
  /** The most memory that this process has held so far. */
  readonly peakMemoryMiB: number
  readonly model: string
  /** Sentences about the audio and the answer that a user should know; empty when all is well. */
  readonly warnings: readonly string[]
}

/** Milliseconds. */
export interface Timings {
  /** Reading and decoding the audio files; if they were listened to before, then. */
  readonly decodeMs: number
  /** From the waveform to what the language model remembers of it; if it was listened to before, then. */
  readonly encodeMs: number
  /** Since the question was asked. */
  readonly firstTokenMs: number
  /** Since the question was asked. */
  readonly totalMs: number
}

/**
 * An answer that is being given: `for await (const piece of answer)` streams its text, `await answer.result` waits
 * for all of it. Leaving the loop stops the model; the result is then what was said so far.
 */
export class Answer implements AsyncIterableIterator<string> {
  readonly #pieces: AsyncGenerator<string, void, void>
  readonly #result: Promise<AskResult>
  readonly #fail: (error: unknown) => void
  #started = false

  /** @param tell gives the text piece by piece; it calls `done` before it ends, however it ends */
  constructor(tell: (done: (result: AskResult) => void) => AsyncGenerator<string, void, void>) {
    let resolve: (result: AskResult) => void = () => undefined
    let reject: (error: unknown) => void = () => undefined
    this.#result = new Promise((settle, fail) => {
      resolve = settle
      reject = fail
    })
    this.#result.catch(() => undefined) // Whoever reads the pieces has the error from there.
    this.#pieces = tell(resolve)
    this.#fail = reject
  }

  /** Everything about the answer, its text included. Nobody need read the pieces for it. */
  get result(): Promise<AskResult> {
    if (!this.#started) void this.#drain()
    return this.#result
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<string, void>> {
    this.#started = true
    try {
      return await this.#pieces.next()
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  async return(): Promise<IteratorResult<string, void>> {
    if (!this.#started) this.#fail(new PalError('the answer was left before its first word'))
    this.#started = true
    return this.#pieces.return()
  }

  async #drain(): Promise<void> {
    try {
      while (!(await this.next()).done);
    } catch {
      // `next` has told the result.
    }
  }
}
