import { basename, dirname, extname, join } from 'node:path'

export interface Split {
  /** The list of the split's recordings. */
  readonly csv: string
  /** Its name without extension. */
  readonly name: string
  /** Where the rest of the data set is. */
  readonly folder: string
}

/** A folder means the split that the data set is measured on; the list of another split means that one. */
export function splitOf(path: string, measured: string): Split {
  const csv = extname(path) === '.csv' ? path : join(path, measured)
  return { csv, name: basename(csv, '.csv'), folder: dirname(csv) }
}
