const BUSY = 1
const STOPPED = 2

/**
 * What two threads know of the worker: whether it is at work, and whether it is to begin anything more. A thread that is
 * stopped in the midst of a call of ONNX Runtime takes the whole process with it ("terminate called after throwing an
 * instance of 'Napi::Error'"), so whoever ends it waits until it is not.
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
    const before = Atomics.or(this.#state, 0, BUSY)
    try {
      if (!(before & STOPPED)) await work()
    } finally {
      Atomics.and(this.#state, 0, ~BUSY)
      Atomics.notify(this.#state, 0)
    }
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
}
