import { type Command, InvalidArgumentError } from 'commander'
import type { ChosenBases } from '../model/bases/chosen-bases.js'
import type { LoadOptions } from '../model/load-options.js'
import type { Bits } from '../weights/blocks.js'

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

/** A number above 0, or Infinity. */
export function aboveZero(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0) return value
  throw new InvalidArgumentError('Expected a number above 0, or Infinity.')
}

/** A number from 0 to 1. */
export function fraction(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('Expected a number, 0 to 1.')
}

/** Of a weight. */
export function bits(text: string): Bits {
  if (text === '4' || text === '8') return text === '4' ? 4 : 8
  throw new InvalidArgumentError('Expected 4 or 8.')
}

/** For an option that may be given several times. */
export function collect(text: string, sofar: readonly string[] = []): readonly string[] {
  return [...sofar, text]
}

/** What `--llm` and `--encoder` say. */
export interface BaseFlags {
  readonly llm?: string
  readonly encoder?: readonly string[]
}

/** Adds `--llm` and `--encoder` to a command that builds models. */
export function withBases(command: Command): Command {
  return command
    .option(
      '--llm <model>',
      'build on this language model: a name that `pal pull` knows, a folder or a GGUF file',
    )
    .option(
      '--encoder <model>',
      'build on this audio encoder: a name, a folder, or a model that hears; NAME=MODEL where there are several',
      collect,
    )
}

/** How a model is opened that is used as it is. */
export interface OpeningFlags extends BaseFlags {
  readonly bits?: Bits
}

/** Adds to a command that uses a model as it is where that lies which it was built on, and `--bits`. */
export function withOpening(command: Command): Command {
  return command
    .option('--llm <path>', 'where the language model is that the model is built on, if it is not found')
    .option('--encoder <path>', 'the same of an encoder; NAME=PATH if the model has several', collect)
    .option(
      '--bits <count>',
      "round the language model's weights to 8 or 4 bits, once and in the cache, for less memory and faster words (docs/performance.md has what is lost)",
      bits,
    )
}

export function openingOf({
  llm,
  encoder,
  bits,
}: OpeningFlags): Pick<LoadOptions, 'llm' | 'encoder' | 'bits'> {
  return { ...(llm !== undefined && { llm }), ...(encoder && { encoder }), ...(bits && { bits }) }
}

export function chosenBases({ llm, encoder }: BaseFlags): ChosenBases {
  return { ...(llm !== undefined && { llm }), ...(encoder && { encoders: encoder }) }
}

/** The same, for another command line. */
export function baseArguments({ llm, encoder = [] }: BaseFlags): readonly string[] {
  return [...(llm === undefined ? [] : ['--llm', llm]), ...encoder.flatMap((text) => ['--encoder', text])]
}
