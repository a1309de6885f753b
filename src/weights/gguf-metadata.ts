import { PalError } from '../errors.js'
import { escaped, quoted } from '../quoted.js'
import type { GgufFile, GgufValue } from './gguf.js'

/** The metadata of a GGUF file, read with checks: what is there must be of the kind that it is read as. */
export class GgufMetadata {
  readonly #values: ReadonlyMap<string, GgufValue>
  readonly file: string

  constructor({ metadata, path }: GgufFile) {
    this.#values = metadata
    this.file = path
  }

  keys(): readonly string[] {
    return [...this.#values.keys()]
  }

  get(key: string): GgufValue | undefined {
    return this.#values.get(key)
  }

  text(key: string): string
  text(key: string, otherwise: undefined): string | undefined
  text(key: string, ...otherwise: readonly undefined[]): string | undefined {
    return this.#read(key, 'text', (value) => typeof value === 'string', otherwise)
  }

  number(key: string): number
  number(key: string, otherwise: undefined): number | undefined
  number(key: string, ...otherwise: readonly undefined[]): number | undefined {
    return this.#read(key, 'a number', (value) => typeof value === 'number', otherwise)
  }

  texts(key: string): readonly string[] {
    return this.#read(key, 'a list of texts', isTexts, [])!
  }

  /** Whole numbers, one for each of `count`. */
  integers(key: string, count: number): Int32Array {
    const value = this.#read(key, 'a list of 32-bit whole numbers', isIntegers, [])!
    if (value.length === count) return Int32Array.from(value)
    throw this.mistake(key, `expected ${count} numbers, got ${value.length}`)
  }

  mistake(key: string, message: string, hint?: string): PalError {
    return new PalError(message, { file: this.file, key: escaped(key), ...(hint && { hint }) })
  }

  #read<T extends GgufValue>(
    key: string,
    kind: string,
    is: (value: GgufValue) => value is T,
    otherwise: readonly undefined[],
  ): T | undefined {
    const value = this.#values.get(key)
    if (value === undefined && otherwise.length > 0) return undefined
    if (value !== undefined && is(value)) return value
    throw this.mistake(key, `expected ${kind}, got ${value === undefined ? 'nothing' : quoted(value)}`)
  }
}

function isTexts(value: GgufValue): value is readonly string[] {
  return Array.isArray(value) && (value.length === 0 || typeof value[0] === 'string')
}

function isIntegers(value: GgufValue): value is Int32Array | Uint32Array {
  return value instanceof Int32Array || value instanceof Uint32Array
}
