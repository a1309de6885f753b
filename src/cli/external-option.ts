import { InvalidArgumentError } from 'commander'
import type { External } from '../eval/external/external-scores.js'

/** `--external name=command`, which may be given several times. */
export function externalOption(text: string, sofar: readonly External[] = []): readonly External[] {
  const [, name, command] = /^([\w.-]+)=(.*\S.*)$/s.exec(text) ?? []
  if (name === undefined || command === undefined) {
    throw new InvalidArgumentError(
      'Expected name=command, with a name of letters, digits, dots, dashes and underscores.',
    )
  }
  if (sofar.some((one) => one.name === name)) throw new InvalidArgumentError(`Expected "${name}" once.`)
  return [...sofar, { name, command }]
}
