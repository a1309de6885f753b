import { InvalidArgumentError } from 'commander'

/** Parsers of option values; what they throw is wrong usage. */

export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`Expected a whole number, ${least} or more.`)
  }
}

export function number(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isFinite(value) && value >= least) return value
    throw new InvalidArgumentError(`Expected a number, ${least} or more.`)
  }
}

/** For an option that may be given several times. */
export function collect(text: string, sofar: readonly string[] = []): readonly string[] {
  return [...sofar, text]
}
