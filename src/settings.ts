import { PalError } from './errors.js'
import { quoted } from './quoted.js'

/** Far beyond any model. Each layer is looked for and built one by one: of millions nothing would be heard for minutes. */
export const MOST_LAYERS = 1000

/**
 * The settings in a file that others wrote, read one by one. What nobody has read at the end is an error: a setting
 * that is overlooked would be a model that answers, but not as it was trained to. A setting of `null` is not given.
 */
export class Settings {
  readonly #file: string
  readonly #path: string
  readonly #unread: Map<string, unknown>

  /** @throws PalError if this is no object */
  constructor(json: unknown, file: string, path = '') {
    this.#file = file
    this.#path = path
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new PalError(`expected an object of settings, got ${quoted(json)}`, { file, key: path })
    }
    this.#unread = new Map(Object.entries(json))
  }

  /** A whole number, 1 or more. */
  size(key: string, fallback?: number): number {
    return this.#read(key, 'a whole number, 1 or more', fallback, isSize)
  }

  /** A number above 0. */
  positive(key: string, fallback?: number): number {
    return this.#read(key, 'a number above 0', fallback, isPositive)
  }

  /** Any number. */
  number(key: string, fallback?: number): number {
    return this.#read(key, 'a number', fallback, Number.isFinite as (value: unknown) => value is number)
  }

  /** Whole numbers, 1 or more; for one number, a list of it alone. */
  sizes(key: string, fallback: readonly number[]): readonly number[] {
    return this.#read<readonly number[]>(
      key,
      'a list of whole numbers, 1 or more',
      fallback,
      (value): value is readonly number[] => Array.isArray(value) && value.every(isSize),
    )
  }

  /** How many layers there are: a whole number, 1 to `MOST_LAYERS`. */
  layers(key: string, fallback?: number): number {
    return this.#read(key, `a whole number, 1 to ${MOST_LAYERS}`, fallback, isDepth)
  }

  /** The same of several stages. */
  depths(key: string, fallback: readonly number[]): readonly number[] {
    return this.#read<readonly number[]>(
      key,
      `a list of whole numbers, 1 to ${MOST_LAYERS}`,
      fallback,
      (value): value is readonly number[] => Array.isArray(value) && value.every(isDepth),
    )
  }

  flag(key: string, fallback: boolean): boolean {
    return this.#read(key, 'true or false', fallback, (value) => typeof value === 'boolean')
  }

  text(key: string, fallback?: string): string {
    return this.#read(key, 'a text', fallback, (value) => typeof value === 'string')
  }

  texts(key: string): readonly string[] {
    return this.#read<readonly string[]>(
      key,
      'a list of texts',
      [],
      (value): value is readonly string[] =>
        Array.isArray(value) && value.every((v) => typeof v === 'string'),
    )
  }

  /** Settings within a setting, if they are given. Whoever asks for them calls their `finish`, too. */
  section(key: string): Settings | undefined {
    const value = this.#take(key)
    return value === undefined ? undefined : new Settings(value, this.#file, this.#name(key))
  }

  /** A setting with one value that is supported. It need not be given. */
  only(key: string, supported: string | number | boolean | null): void {
    const value = this.#take(key)
    if (value === undefined || value === supported) return
    throw this.mistake(
      `expected ${quoted(supported)}, the only one that is supported, got ${quoted(value)}`,
      key,
    )
  }

  /** Whether a setting stands in the file, be it as null: not the same where what is not said stands for something. */
  mentions(key: string): boolean {
    return this.#unread.has(key)
  }

  /** Settings that change nothing here, whatever they are. */
  ignore(keys: readonly string[]): void {
    for (const key of keys) this.#unread.delete(key)
  }

  /** @throws PalError for the first setting that was not asked for */
  finish(): void {
    for (const [key, value] of this.#unread) {
      if (value === null) continue
      throw this.mistake(
        `expected only settings that are known here, got ${quoted(value)}`,
        key,
        'A setting that were overlooked could make another model of it. If it changes nothing, take it out.',
      )
    }
  }

  mistake(message: string, key?: string, hint?: string): PalError {
    const details = { file: this.#file, key: key === undefined ? this.#path : this.#name(key) }
    return new PalError(message, hint === undefined ? details : { ...details, hint })
  }

  #read<T>(key: string, expected: string, fallback: T | undefined, fits: (value: unknown) => value is T): T {
    const value = this.#take(key) ?? fallback
    if (value === undefined) throw this.mistake(`expected ${expected}, got nothing`, key)
    if (!fits(value)) throw this.mistake(`expected ${expected}, got ${quoted(value)}`, key)
    return value
  }

  #take(key: string): unknown {
    const value = this.#unread.get(key) ?? undefined
    this.#unread.delete(key)
    return value
  }

  #name(key: string): string {
    return this.#path ? `${this.#path}.${key}` : key
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1
}

function isDepth(value: unknown): value is number {
  return isSize(value) && value <= MOST_LAYERS
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
