import { inspect } from 'node:util'
import { PalError } from './errors.js'
import { nearest } from './text/nearest.js'

/**
 * Checks one value that may come from a program without types.
 * @throws PalError that says what was expected of the key
 */
export type Check = (value: unknown, key: string) => void

/** A check for each option that there is. */
export type Checks<T> = Readonly<Record<keyof T, Check>>

/**
 * Checks options that may come from a program without types. One that is undefined is not given.
 * @param example some of them, as a message may write them
 * @param within what the options are of, before their own keys in messages
 * @throws PalError for what are no options, an option that there is not, and one of a value that it cannot have
 */
export function checkOptions<T extends object>(
  options: T,
  checks: Checks<T>,
  example: string,
  within?: string,
): void {
  const name = (key: string) => (within === undefined ? key : `${within}.${key}`)
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const message = `expected options, such as ${example}, got ${onOneLine(options)}`
    throw new PalError(message, within === undefined ? {} : { key: within })
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, key)) throw unknownOption(key, Object.keys(checks), name(key))
    if (value !== undefined) checks[key as keyof T](value, name(key))
  }
}

function unknownOption(key: string, known: readonly string[], name: string): PalError {
  const meant = nearest(key, known)
  return new PalError(`expected an option that there is (${known.join(', ')}), got "${key}"`, {
    key: name,
    ...(meant !== undefined && { hint: `Did you mean "${meant}"?` }),
  })
}

/** A check by a test; what it is for is said as in "expected a whole number, 1 or more". */
export function being(expected: string, fits: (value: unknown) => boolean): Check {
  return (value, key) => {
    if (!fits(value)) throw new PalError(`expected ${expected}, got ${onOneLine(value)}`, { key })
  }
}

/** A check of each item of a list. @param expected the list, as in "a list of texts" */
export function listOf(expected: string, check: Check): Check {
  const isList = being(expected, Array.isArray)
  return (value, key) => {
    isList(value, key)
    for (const [i, item] of (value as readonly unknown[]).entries()) check(item, `${key}.${i}`)
  }
}

/** A check of what an object must have; what else it has is its own affair. */
export function having<T>(expected: string, checks: Checks<T>): Check {
  const isThing = being(expected, isObject)
  return (value, key) => {
    isThing(value, key)
    for (const [field, check] of Object.entries<Check>(checks)) {
      check((value as Readonly<Record<string, unknown>>)[field], `${key}.${field}`)
    }
  }
}

export const text = being('a text', (value) => typeof value === 'string')
export const wholeNumber = being('a whole number, 1 or more', (value) => isInteger(value) && value >= 1)
/** By what is done with it: a signal may be another library's. */
export const abortSignal = being(
  'the signal of an AbortController',
  (value) => isObject(value) && typeof (value as Partial<AbortSignal>).throwIfAborted === 'function',
)

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

export function isInteger(value: unknown): value is number {
  return Number.isInteger(value)
}

/** A value as a message shows it, in a line: texts in quotation marks, so that "1" is told from 1. */
export function onOneLine(value: unknown): string {
  if (typeof value === 'string') return shorten(`"${value}"`, 200)
  const whole = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 5 })
  return shorten(whole.replaceAll(/\s+/g, ' '), 80)
}

function shorten(line: string, most: number): string {
  return line.length > most ? `${line.slice(0, most)}…` : line
}

/** What something is, where its value would say nothing. */
export function kindOf(value: unknown): string {
  return isObject(value) ? (value.constructor?.name ?? 'an object') : value === null ? 'null' : typeof value
}
