import { PalError } from '../errors.js'

/**
 * @param asked the tasks that questions have been made of
 * @throws PalError for a task that is named and known, but of which no question could be made
 */
export function expectAsked(named: readonly string[] | undefined, asked: readonly string[]): void {
  const wrong = named?.find((task) => !asked.includes(task))
  if (wrong === undefined) return
  throw new PalError(`expected a task that can be asked of these recordings, got "${wrong}"`, {
    key: '--tasks',
    hint: `Such are ${[...new Set(asked)].join(', ')}.`,
  })
}

/** @throws PalError for a task that is named and not known, with those that are */
export function expectTasks(named: readonly string[] | undefined, known: readonly string[]): void {
  const wrong = named?.find((task) => !known.includes(task))
  if (wrong === undefined) return
  throw new PalError(`expected one of ${known.join(', ')}, got "${wrong}"`, { key: '--tasks' })
}
