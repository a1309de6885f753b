/**
 * Memory that was in use, for what needs as much next. Memory that comes from the system takes some five times as long to be written to, the
 * first time, and V8 collects garbage whenever 64 MiB of it have come.
 */
export class SpareMemory {
  readonly #most: number
  /** What came last goes first. */
  #buffers: ArrayBuffer[] = []

  /** @param most bytes that may lie idle. @default 128 MiB */
  constructor(most = 2 ** 27) {
    this.#most = most
  }

  /** At least so many bytes, with anything in them, but not more than twice as many; zeros from the system if none are spare. */
  take(bytes: number): ArrayBuffer {
    const at = this.#buffers.findIndex(({ byteLength }) => byteLength >= bytes && byteLength <= 2 * bytes)
    return at < 0 ? new ArrayBuffer(bytes) : this.#buffers.splice(at, 1)[0]!
  }

  /** What has lain idle longest is given up for it, if there is too much. */
  give(buffer: ArrayBuffer): void {
    this.#buffers.unshift(buffer)
    let total = 0
    this.#buffers = this.#buffers.filter(({ byteLength }) => {
      total += byteLength
      return total <= this.#most
    })
  }
}
