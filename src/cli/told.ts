import type { Command } from 'commander'
import type { PalError } from '../errors.js'

/**
 * A mistake in the words of the command line: an option of the library, such as topP, is called by its flag where that was
 * given.
 * @param command whose options these are
 */
export function told({ message, details }: PalError, command?: Command): string {
  const { file, key = '' } = details
  // What lies in a file is a key of that file, even if it is called as an option is.
  if (file !== undefined || command?.getOptionValueSource(key) !== 'cli') return message
  return `${flagOf(key, command) ?? key}${message.slice(key.length)}`
}

/** A warning in the words of the command line. Only names of several words are taken for options: others are English, too. */
export function inFlags(warning: string, command: Command): string {
  return warning.replace(/\b[a-z]+[A-Z]\w*\b/g, (name) => flagOf(name, command) ?? name)
}

function flagOf(name: string, command: Command): string | undefined {
  return command.options.find((option) => option.attributeName() === name)?.long
}
