import * as is from './number-words.js'
import { PYTHON_SPACE, pythonRegExp } from './python-regexp.js'

/**
 * Numbers in words as digits: "two hundred and five" → "205", "twenty twenty" → "2020", "five dollars" → "$5".
 * `EnglishNumberNormalizer` of Whisper's whisper/normalizers/english.py, with what it makes of doubtful cases.
 */
export function normalizeNumbers(text: string): string {
  const words = prepare(text).split(SPACE).filter(Boolean)
  const reader = new NumberReader()
  for (let i = 0; i < words.length; i++) {
    const skipped = reader.read(words[i] as string, words[i - 1], words[i + 1])
    if (skipped) i++
  }
  reader.finish()
  return polish(reader.written.join(' '))
}

const SPACE = new RegExp(`${PYTHON_SPACE}+`, 'u')

/** Reads words one by one and writes what they come to. */
class NumberReader {
  readonly written: string[] = []
  /** The number under way: a count to go on adding to, or digits to go on writing. */
  #value: bigint | string | undefined
  #prefix = ''

  /** @returns whether the next word has been read as well */
  read(word: string, previous: string | undefined, next: string | undefined): boolean {
    const hasPrefix = is.prefixes.has(word[0] as string)
    const digits = hasPrefix ? word.slice(1) : word
    if (NUMERAL.test(digits)) this.#numeral(word, digits, hasPrefix)
    else if (!is.isNumberWord(word)) this.#plain(word)
    else if (is.zeros.has(word)) this.#value = `${this.#value || ''}0`
    else if (is.ones.has(word)) this.#value = this.#withOnes(is.ones.get(word)!, previous)
    else if (is.suffixedOnes.has(word)) {
      const [ones, suffix] = is.suffixedOnes.get(word)!
      this.#write(`${this.#withOnes(ones, previous)}${suffix}`)
    } else if (is.tens.has(word)) this.#value = this.#withTens(is.tens.get(word)!)
    else if (is.suffixedTens.has(word)) {
      const [tens, suffix] = is.suffixedTens.get(word)!
      this.#write(`${this.#withTens(tens)}${suffix}`)
    } else if (is.multipliers.has(word)) this.#value = this.#times(is.multipliers.get(word)!, true)
    else if (is.suffixedMultipliers.has(word)) {
      const [multiplier, suffix] = is.suffixedMultipliers.get(word)!
      this.#write(`${this.#times(multiplier, false)}${suffix}`)
    } else return this.#special(word, previous, next)
    return false
  }

  finish(): void {
    if (this.#value !== undefined) this.#write(this.#value)
  }

  #write(result: bigint | string): void {
    this.written.push(`${this.#prefix}${result}`)
    this.#value = undefined
    this.#prefix = ''
  }

  #plain(word: string): void {
    this.finish()
    this.#write(word)
  }

  #numeral(word: string, digits: string, hasPrefix: boolean): void {
    if (typeof this.#value === 'string' && this.#value.endsWith('.')) {
      this.#value += word // A decimal, or a part of an internet address.
      return
    }
    this.finish()
    if (hasPrefix) this.#prefix = word[0] as string
    this.#value = /\.\d*[1-9]/.test(digits) ? digits : BigInt(digits.replace(/\..*/, ''))
  }

  #withOnes(ones: bigint, previous = ''): bigint | string {
    const value = this.#value
    if (value === undefined) return ones
    if (typeof value === 'string' || is.ones.has(previous)) {
      const afterTens = is.tens.has(previous) && ones < 10n
      return `${afterTens ? String(value).slice(0, -1) : value}${ones}`
    }
    const room = ones < 10n ? 10n : 100n
    return value % room === 0n ? value + ones : `${value}${ones}`
  }

  #withTens(tens: bigint): bigint | string {
    const value = this.#value
    if (value === undefined) return tens
    return typeof value !== 'string' && value % 100n === 0n ? value + tens : `${value}${tens}`
  }

  /** Digits that make no whole number of it are written by themselves, and the multiplier stands alone. */
  #times(multiplier: bigint, zeroIsDigits: boolean): bigint {
    const value = this.#value
    if (value === undefined) return multiplier
    if (typeof value === 'string' || (zeroIsDigits && value === 0n)) {
      const product = wholeProduct(String(value), multiplier)
      if (product === undefined) this.#write(value)
      return product ?? multiplier
    }
    return (value / 1000n) * 1000n + (value % 1000n) * multiplier
  }

  #special(word: string, previous: string | undefined, next = ''): boolean {
    const numberFollows = is.isNumberWord(next) || NUMERAL.test(next)
    if (is.signs.has(word)) {
      this.finish()
      if (numberFollows) this.#prefix = is.signs.get(word)!
      else this.#write(word)
    } else if (is.currencies.has(word)) {
      if (this.#value === undefined) this.#write(word)
      else {
        this.#prefix = is.currencies.get(word)!
        this.finish()
      }
    } else if (word === 'percent') {
      if (this.#value === undefined) this.#write(word)
      else this.#write(`${this.#value}%`)
    } else if (word === 'per') {
      if (this.#value !== undefined && next === 'cent') {
        this.#write(`${this.#value}%`)
        return true
      }
      this.#plain(word)
    } else if (!numberFollows) this.#plain(word)
    else if (word === 'and') {
      if (!is.multipliers.has(previous ?? '')) this.#plain(word)
    } else if (word === 'point') {
      if (is.isDecimal(next) || NUMERAL.test(next)) this.#value = `${this.#value || ''}.`
    } else {
      const isDigit = is.ones.has(next) || is.zeros.has(next)
      if (!isDigit) this.#plain(word)
      else
        this.#value = `${this.#value || ''}${`${is.ones.get(next) ?? 0}`.repeat(word === 'double' ? 2 : 3)}`
      return isDigit
    }
    return false
  }
}

const NUMERAL = /^\d+(?:\.\d+)?$/

/** Decimal digits times a whole number, if that is whole. */
function wholeProduct(digits: string, multiplier: bigint): bigint | undefined {
  const [, whole = '', decimals = ''] = /^(\d*)(?:\.(\d*))?$/.exec(digits) ?? []
  if (whole + decimals === '') return undefined
  const product = BigInt(whole + decimals) * multiplier
  const unit = 10n ** BigInt(decimals.length)
  return product % unit === 0n ? product / unit : undefined
}

/** "and a half" as a decimal, and a space where letters meet digits. */
function prepare(text: string): string {
  const segments = text.split(HALF)
  const results = segments.flatMap((segment, i) => {
    if (segment.split(SPACE).every((word) => word === '')) return []
    if (i === segments.length - 1) return [segment]
    const last = segment.split(SPACE).filter(Boolean).at(-1) as string
    return [segment, is.isDecimal(last) || is.multipliers.has(last) ? 'point five' : 'and a half']
  })
  return results
    .join(' ')
    .replaceAll(/([a-z])([0-9])/g, '$1 $2')
    .replaceAll(/([0-9])([a-z])/g, '$1 $2')
    .replaceAll(SUFFIX, '$1$2')
}

const HALF = pythonRegExp(String.raw`\band\s+a\s+half\b`)
const SUFFIX = pythonRegExp(String.raw`([0-9])\s+(st|nd|rd|th|s)\b`)

/** "$2 and ¢7" as "$2.07", "$0.5" as "¢5", and "one" as a word. */
function polish(text: string): string {
  return text
    .replaceAll(DOLLARS_AND_CENTS, (_, sign, whole, cents) => `${sign}${whole}.${cents.padStart(2, '0')}`)
    .replaceAll(CENTS, (_, cents) => `¢${Number(cents)}`)
    .replaceAll(ONE, 'one$1')
}

const DOLLARS_AND_CENTS = pythonRegExp(String.raw`([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})\b`)
const CENTS = pythonRegExp(String.raw`[€£$]0.([0-9]{1,2})\b`)
const ONE = pythonRegExp(String.raw`\b1(s?)\b`)
