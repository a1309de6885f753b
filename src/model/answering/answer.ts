import { PalError } from '../../errors.js'
import type { TokensByRoute } from '../../integration/layout.js'

/** How an answer came about; complete when the answer is. */
export interface AskResult {
  readonly answer: string
  /** Seconds of audio that were heard. */
  readonly seconds: number
  readonly audioTokens: TokensByRoute
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
  /**
   * From the waveform to what the language model remembers of it; if it was listened to before, then. What is read together with the
   * question is not in it.
   */
  readonly encodeMs: number
  /** Since the question was asked. */
  readonly firstTokenMs: number
  /** Since the question was asked. */
  readonly totalMs: number
}

/**
 * An answer that is being given: `for await (const piece of answer)` streams its text, `await answer.result` waits
 * for all of it, and may be asked for before, while or after the text is read. Leaving the loop stops the model; the result is
 * then what was said so far.
 */
export class Answer implements AsyncIterableIterator<string> {
  readonly #pieces: AsyncGenerator<string, void, void>
  readonly #result: Promise<AskResult>
  readonly #fail: (error: unknown) => void
  /** What has been said and not been read yet. */
  #said: string[] = []
  #reading: Promise<void> | undefined
  #state: 'new' | 'begun' | 'ended' = 'new'
  /** What ended it, as long as nobody who reads the pieces has been told. */
  #failure: { readonly error: unknown } | undefined

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
    void this.#readAll()
    return this.#result
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<string, void>> {
    while (this.#said.length === 0 && this.#state !== 'ended') await this.#read()
    const piece = this.#said.shift()
    if (piece !== undefined) return { value: piece, done: false }
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw failure.error
    return { value: undefined, done: true }
  }

  async return(): Promise<IteratorResult<string, void>> {
    if (this.#state === 'new') this.#fail(new PalError('the answer was left before its first word'))
    this.#state = 'ended'
    this.#said = []
    return this.#pieces.return()
  }

  async #readAll(): Promise<void> {
    while (this.#state !== 'ended') await this.#read()
  }

  /** One more piece. Whoever asks for one meanwhile waits for the same, so that the pieces keep their order. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOne().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readOne(): Promise<void> {
    this.#state = 'begun'
    try {
      const { value, done } = await this.#pieces.next()
      if (done) this.#state = 'ended'
      else if (!this.#isLeft()) this.#said.push(value)
    } catch (error) {
      this.#state = 'ended'
      this.#failure = { error }
      this.#fail(error)
    }
  }

  /** Who has left the loop meanwhile wants no more. */
  #isLeft(): boolean {
    return this.#state === 'ended'
  }
}
