/**
 * Memory that was in use, for what needs as much next. Memory that comes from the system takes some five times as long to be written to, the
 * first time, and V8 collects garbage whenever 64 MiB of it have come. What nobody has taken for a while is let go of.
 */
export class SpareMemory {
  readonly #most: number
  readonly #patience: number
  /** What came last is first. */
  #buffers: ArrayBuffer[] = []
  #timer: NodeJS.Timeout | undefined

  /**
   * @param most bytes that may lie idle. @default 128 MiB
   * @param patience milliseconds that they may. @default 1000
   */
  constructor(most = 2 ** 27, patience = 1000) {
    this.#most = most
    this.#patience = patience
  }

  /** At least so many bytes, with anything in them, but not more than a quarter more; zeros from the system if none are spare. */
  take(bytes: number): ArrayBuffer {
    const at = this.#buffers.findIndex(({ byteLength }) => byteLength >= bytes && byteLength <= 1.25 * bytes)
    return at < 0 ? new ArrayBuffer(bytes) : this.#buffers.splice(at, 1)[0]!
  }

  /** Where there is too much, what has lain idle longest is let go of. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength > this.#most) return
    this.#buffers.unshift(buffer)
    while (total(this.#buffers) > this.#most) this.#buffers.pop()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#buffers = []
    }, this.#patience).unref()
  }
}

function total(buffers: readonly ArrayBuffer[]): number {
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0)
}
