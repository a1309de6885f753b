import type { z } from 'zod'
import { checkSchema, firstMistake } from '../check-schema.js'
import { type ErrorDetails, PalError } from '../errors.js'

/** Where an example stands: on a line of a text file, or in a part of a shard, such as "row 3" or "0001.json". */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly part?: string
}

/** What a `PalError` says of a mistake there. @param key the setting or column that the mistake is in */
export function mistakeAt({ file, line, part }: Place, key?: string): ErrorDetails {
  const keys = [part, key].filter((name) => name !== undefined)
  return { file, ...(line !== undefined && { line }), ...(keys.length > 0 && { key: keys.join(', ') }) }
}

/** A row as the schema has it. @throws PalError naming its place and the key of the first mistake */
export function expectRow<Row>(schema: z.ZodType<Row>, value: unknown, place: Place): Row {
  const { data, error } = checkSchema(schema, value)
  if (!error) return data
  const { message, path } = firstMistake(error)
  throw new PalError(message, mistakeAt(place, path.join('.')))
}

/** As a `PalError` would name it. */
export function placeName({ file, line, part }: Place): string {
  return `${file}${line === undefined ? '' : `:${line}`}${part === undefined ? '' : `, ${part}`}`
}

/** What `run` gives. @throws PalError for one of its own, told as a part of what is wrong there */
export function within<T>(where: ErrorDetails, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    if (!(cause instanceof PalError)) throw cause
    throw new PalError(cause.message, { ...where, cause })
  }
}
