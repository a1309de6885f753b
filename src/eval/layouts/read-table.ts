import { CsvError, parse } from 'csv-parse/sync'
import { PalError } from '../../errors.js'
import { readLayoutText } from './read-layout-text.js'

export interface TableRow<Column extends string> {
  readonly line: number
  readonly fields: Readonly<Record<Column, string>>
}

export interface TableOptions {
  /** Whether the first row names the columns; otherwise the columns asked for are all there are. @default true */
  readonly header?: boolean
  /** What lines begin with that are no rows. @default none */
  readonly comment?: string
}

/**
 * The rows of a CSV, without the spaces before a value.
 * @throws PalError naming the file, and the line and column of what is missing
 */
export async function readTable<Column extends string>(
  file: string,
  columns: readonly Column[],
  { header = true, comment }: TableOptions = {},
): Promise<readonly TableRow<Column>[]> {
  const rows = parseCsv(await readLayoutText(file), file, header ? true : [...columns], comment)
  return rows.map(({ record, info }) => {
    for (const column of columns) {
      if (record[column]?.trim()) continue
      throw new PalError(`expected a value in the column "${column}", got none`, {
        file,
        line: info.lines,
        key: column,
      })
    }
    return { line: info.lines, fields: record as Readonly<Record<Column, string>> }
  })
}

interface Parsed {
  readonly record: Readonly<Record<string, string>>
  readonly info: { readonly lines: number }
}

function parseCsv(
  text: string,
  file: string,
  columns: true | string[],
  comment: string | undefined,
): readonly Parsed[] {
  try {
    return parse(text, {
      columns,
      ltrim: true,
      ...(comment !== undefined && { comment, comment_no_infix: true }),
      bom: true,
      info: true,
      skip_empty_lines: true,
    }) as unknown as Parsed[]
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw new PalError(`expected comma-separated values: ${cause.message}`, { file, cause })
  }
}
