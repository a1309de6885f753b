import { PalError } from '../errors.js'

/** @throws PalError for a task that is named and not known, with those that are */
export function expectTasks(named: readonly string[] | undefined, known: readonly string[]): void {
  const wrong = named?.find((task) => !known.includes(task))
  if (wrong === undefined) return
  throw new PalError(`expected one of ${known.join(', ')}, got "${wrong}"`, { key: '--tasks' })
}
