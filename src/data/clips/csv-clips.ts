import { dirname, resolve } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import { PalError } from '../../errors.js'
import { readText } from '../../reading.js'
import { audioFile } from '../stored-audio.js'
import type { Clip } from './clip.js'
import { clipLabel, expectRenamed } from './clip-label.js'
import type { CsvSet } from './clip-set.js'

const WHERE = 'Say where the recordings are: data.root=FOLDER'

/**
 * The clips that a CSV lists, in its order.
 * @throws PalError naming the CSV's line and column for a column that is absent or there twice, and a value that is empty; the line
 *   for text that is not UTF-8; and for new names of labels of which none is there.
 */
export async function readCsvClips(set: CsvSet, root: string): Promise<readonly Clip[]> {
  const csv = resolve(root, set.csv)
  const { rows, header } = parseCsv(await readText(csv, 'a CSV file', WHERE), csv)
  if (rows.length === 0)
    throw new PalError('expected at least one clip below the header, got none', { file: csv })
  const { audio, label, group, source } = set
  for (const column of [audio, label, group, ...(source === undefined ? [] : [source])]) {
    const called = header.filter((other) => other === column)
    if (called.length > 1) {
      throw new PalError(`expected one column "${column}", got ${called.length} among ${header.join(', ')}`, {
        ...{ file: csv, line: 1, key: column },
        hint: 'Give the columns names of their own.',
      })
    }
    if (called.length === 1) continue
    const sources = ` Where no two clips are of one recording: data.sets.${set.name}.source=${audio}.`
    throw new PalError(`expected a column "${column}", got ${header.join(', ')}`, {
      file: csv,
      line: 1,
      key: column,
      hint: `Name the columns of set "${set.name}" as the CSV does.${column === source ? sources : ''}`,
    })
  }
  expectRenamed(
    set,
    rows.map(({ record }) => record[label]!.trim()),
    csv,
  )
  return rows.map(({ record, line }) => {
    const place = { file: csv, line }
    const field = (column: string) => {
      const value = record[column]?.trim()
      if (value) return value
      throw new PalError('expected a value, got an empty field', { ...place, key: column })
    }
    return {
      audio: audioFile(resolve(dirname(csv), field(audio))),
      label: clipLabel(field(label), set, place),
      kind: set.kind,
      group: field(group),
      ...(source !== undefined && { source: field(source) }),
      set: set.name,
      place,
      number: line,
    }
  })
}

interface Row {
  readonly record: Readonly<Record<string, string>>
  readonly line: number
}

interface Csv {
  /** The names of the columns, as often as they occur. */
  readonly header: readonly string[]
  readonly rows: readonly Row[]
}

function parseCsv(text: string, file: string): Csv {
  let header: readonly string[] = []
  const columns = (names: string[]) => {
    header = names
    return names
  }
  try {
    const rows = parse(text, { bom: true, columns, info: true, skip_empty_lines: true }) as unknown as {
      record: Record<string, string>
      info: { lines: number }
    }[]
    return { header, rows: rows.map(({ record, info }) => ({ record, line: info.lines })) }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    const line = typeof cause.lines === 'number' ? { line: cause.lines } : {}
    throw new PalError(`expected well-formed CSV: ${cause.message}`, { file, ...line, cause })
  }
}
