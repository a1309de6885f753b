const LOCKED = 1

/** Lets one thread of several do something at a time; the others wait, blocked. */
export class Mutex {
  readonly shared: SharedArrayBuffer
  readonly #state: Int32Array

  constructor(shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared
    this.#state = new Int32Array(shared)
  }

  during<T>(work: () => T): T {
    while (Atomics.exchange(this.#state, 0, LOCKED) === LOCKED) Atomics.wait(this.#state, 0, LOCKED)
    try {
      return work()
    } finally {
      Atomics.store(this.#state, 0, 0)
      Atomics.notify(this.#state, 0, 1)
    }
  }
}
