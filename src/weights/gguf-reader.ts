import { PalError } from '../errors.js'
import { escaped } from '../quoted.js'

/** A value of a GGUF file's metadata. Whole numbers beyond 2^53 are bigints; lists of numbers are typed arrays. */
export type GgufValue = number | bigint | boolean | string | GgufList

export type GgufList =
  | readonly string[]
  | readonly boolean[]
  | readonly GgufList[]
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array

/** The types of values, by their numbers in `enum gguf_type` (gguf.h). */
const NUMBERS = {
  0: Uint8Array,
  1: Int8Array,
  2: Uint16Array,
  3: Int16Array,
  4: Uint32Array,
  5: Int32Array,
  6: Float32Array,
  10: BigUint64Array,
  11: BigInt64Array,
  12: Float64Array,
} as const
const BOOLEAN = 7
const TEXT = 8
const LIST = 9
/** Lists of lists are allowed, and nobody writes them; this many levels are read. */
const DEEPEST = 3

/**
 * A position in the bytes of a GGUF header. What it is asked for has to be in the file, or it throws a PalError; if
 * it is in the file, but not in the bytes at hand, it throws `GgufReader.moreNeeded`.
 */
export class GgufReader {
  static readonly moreNeeded = Symbol('more bytes are needed')

  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #file: string
  readonly #fileSize: number
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  position = 0

  constructor(bytes: Uint8Array, file: string, fileSize: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#file = file
    this.#fileSize = fileSize
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true)
  }

  /** A whole number of 8 bytes that is small enough to be counted with. */
  size(what: string): number {
    const size = this.#view.getBigUint64(this.#take(8, what), true)
    if (size <= Number.MAX_SAFE_INTEGER) return Number(size)
    throw this.#refuse(`expected a size below 2^53, got ${size}`, what)
  }

  /** How many things follow. So many must fit into the rest of the file. */
  count(what: string, bytesEach: number): number {
    const count = this.size(what)
    if (count <= (this.#fileSize - this.position) / bytesEach) return count
    throw this.#refuse(
      `expected at most as many as fit into the file's ${this.#fileSize} bytes, got ${count}`,
      what,
      'The file is cut short or damaged. Fetch it again.',
    )
  }

  text(what: string): string {
    const length = this.count(what, 1)
    const start = this.#take(length, what)
    try {
      return this.#utf8.decode(this.#bytes.subarray(start, start + length))
    } catch (cause) {
      throw this.#refuse('expected text in UTF-8, got something else', what, undefined, cause)
    }
  }

  /** @param name of the value, which is any text */
  value(name: string): GgufValue {
    const key = escaped(name)
    const type = this.uint32(key)
    if (type === LIST) return this.#list(key, 1)
    if (type === TEXT) return this.text(key)
    if (type === BOOLEAN) return this.#booleans(1, key)[0]!
    return simplified(this.#numbers(type, 1, key)[0]!)
  }

  #list(key: string, depth: number): GgufList {
    const type = this.uint32(key)
    if (type === LIST) {
      if (depth === DEEPEST) throw this.#refuse(`expected lists at most ${DEEPEST} deep`, key)
      return this.#repeat(key, 12, () => this.#list(key, depth + 1))
    }
    if (type === TEXT) return this.#repeat(key, 8, () => this.text(key))
    if (type === BOOLEAN) return this.#booleans(this.count(key, 1), key)
    return this.#numbers(type, this.count(key, bytesOf(type)), key)
  }

  #repeat<T>(key: string, bytesEach: number, read: () => T): readonly T[] {
    const items: T[] = []
    const count = this.count(key, bytesEach)
    for (let i = 0; i < count; i++) items.push(read())
    return items
  }

  #numbers(type: number, count: number, key: string) {
    if (!isNumberType(type)) throw this.#refuse(`expected a type of value up to 12, got ${type}`, key)
    const Numbers = NUMBERS[type]
    const start = this.#take(count * Numbers.BYTES_PER_ELEMENT, key)
    // A copy, which starts where numbers of any width may start.
    return new Numbers(this.#bytes.slice(start, this.position).buffer)
  }

  #booleans(count: number, key: string): readonly boolean[] {
    const start = this.#take(count, key)
    return Array.from(this.#bytes.subarray(start, start + count), (byte) => {
      if (byte > 1) throw this.#refuse(`expected a truth value of 0 or 1, got ${byte}`, key)
      return byte === 1
    })
  }

  /** Moves on, and returns where it was. */
  #take(length: number, what: string): number {
    const start = this.position
    if (start + length > this.#fileSize) {
      throw this.#refuse(
        `expected ${length} bytes at byte ${start}, got a file of ${this.#fileSize} bytes`,
        what,
        'The file is cut short or damaged. Fetch it again.',
      )
    }
    if (start + length > this.#bytes.length) throw GgufReader.moreNeeded
    this.position = start + length
    return start
  }

  #refuse(message: string, what: string, hint?: string, cause?: unknown): PalError {
    const details = { file: this.#file, key: what }
    return new PalError(message, { ...details, ...(hint && { hint }), ...(cause !== undefined && { cause }) })
  }
}

function simplified(number: number | bigint): number | bigint {
  if (typeof number === 'number') return number
  const small = Number(number)
  return Number.isSafeInteger(small) ? small : number
}

function isNumberType(type: number): type is keyof typeof NUMBERS {
  return Object.hasOwn(NUMBERS, type)
}

function bytesOf(type: number): number {
  return isNumberType(type) ? NUMBERS[type].BYTES_PER_ELEMENT : 1
}
