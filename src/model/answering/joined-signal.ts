/**
 * A signal that is aborted as soon as one of several is, with the reason of that. `AbortSignal.any` would do it, but is not
 * in Node 20.0, and leaves something behind with a signal that lives long.
 */
export class JoinedSignal {
  readonly #controller = new AbortController()
  readonly #signals: readonly AbortSignal[]
  readonly #abort = () => {
    this.#controller.abort(this.#signals.find(({ aborted }) => aborted)?.reason)
  }

  constructor(...signals: readonly (AbortSignal | undefined)[]) {
    this.#signals = signals.filter((signal) => signal !== undefined)
    for (const signal of this.#signals) signal.addEventListener('abort', this.#abort)
    if (this.#signals.some(({ aborted }) => aborted)) this.#abort()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Nothing of it stays with the signals. */
  release(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#abort)
  }
}
