const BUSY = 1
const STOPPED = 2

/**
 * What two threads know of the worker: whether it is at work, and whether it is to begin anything more. A thread that is
 * stopped while it loads or calls ONNX Runtime may take the whole process with it ("FATAL ERROR:
 * Error::ThrowAsJavaScriptException napi_throw"), so whoever ends it waits until it is not.
 */
export class Activity {
  readonly shared: SharedArrayBuffer
  readonly #state: Int32Array

  constructor(shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared
    this.#state = new Int32Array(shared)
  }

  /** The worker's: does a piece of work, unless it was told to stop. */
  async during(work: () => Promise<void>): Promise<void> {
    await this.#busy(async (isStopped) => {
      if (!isStopped) await work()
    })
  }

  /** The worker's: tidies up, stopped or not. */
  async atLast(work: () => Promise<void>): Promise<void> {
    await this.#busy(work)
  }

  /** Nothing more is begun. */
  stop(): void {
    Atomics.or(this.#state, 0, STOPPED)
  }

  /** Blocks this thread until the worker is idle: for the end of a process, where nothing can be awaited. */
  waitUntilIdle(): void {
    for (;;) {
      const state = Atomics.load(this.#state, 0)
      if (!(state & BUSY)) return
      Atomics.wait(this.#state, 0, state)
    }
  }

  async #busy(work: (isStopped: boolean) => Promise<void>): Promise<void> {
    const before = Atomics.or(this.#state, 0, BUSY)
    try {
      await work((before & STOPPED) !== 0)
    } finally {
      Atomics.and(this.#state, 0, ~BUSY)
      Atomics.notify(this.#state, 0)
    }
  }
}
