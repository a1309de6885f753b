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
