import { parse } from 'node:path'
import { PalError } from '../../errors.js'
import { mistakeAt, type Place } from '../place.js'
import { type AudioCell, type Block, storedCell } from './parquet-audio.js'
import type { Column } from './parquet-column.js'
import { ParquetFile } from './parquet-file.js'
import type { Recent } from './recent.js'
import { splitOfShard } from './shard-files.js'
import type { ShardRecord } from './shard-record.js'

export interface ParquetOptions {
  /** What ids begin with. @default the file's name without ending */
  readonly name?: string
  /** The column that must hold audio. Without it these are `audio`, `audios` and what `datasets` says is audio. */
  readonly audio?: string
  /** Keeps blocks of rows whose audio was opened. */
  readonly recent: Recent<Block>
}

/**
 * The rows of a parquet file. Audio stays on the disk until it is opened, and other bytes, such as images, for good;
 * all else is read at once, a row group after the other.
 * @throws PalError naming file, row and column
 */
export async function* parquetRecords(file: string, options: ParquetOptions): AsyncGenerator<ShardRecord> {
  const parquet = await ParquetFile.open(file)
  const { name: called = parse(file).name } = options
  const audio = audioColumns(parquet, options.audio)
  const kept = parquet.columns.filter(({ audio }) => audio !== 'one' && audio !== 'several')
  const several = audio.filter((column) => column.audio === 'several')
  const labelField = labelColumn(kept)
  for (const range of parquet.groups()) {
    const texts = await parquet.rows(range, namesOf(kept))
    // How many there are in a list is only told by reading it.
    const lists = several.length > 0 ? await parquet.rows(range, namesOf(several)) : []
    for (const [i, text] of texts.entries()) {
      const row = range.start + i
      const place = { file, part: `row ${row + 1}` }
      const cells = audio.map((column) => ({ column, of: cellsOf(column, lists[i]) }))
      const names = cells.map(({ column: { name, audio }, of }) => [
        name,
        audio === 'several' ? of.map((cell) => cell.name) : name,
      ])
      const audios = cells
        .flatMap(({ of }) => of)
        .map((cell) => [cell.name, storedCell(parquet, row, cell, options.recent)] as const)
      yield {
        place,
        id: `${called}:${row + 1}`,
        split: splitOfShard(file),
        fields: { ...fieldsOf(text, kept, place), ...Object.fromEntries(names) },
        audios: new Map(audios),
        ...(labelField && { labelField }),
      }
    }
  }
}

/** The places of a row's column where one audio each stands. @param lists the row's columns of lists */
function cellsOf(
  { name, audio }: Column,
  lists: Readonly<Record<string, unknown>> = {},
): readonly AudioCell[] {
  if (audio !== 'several') return [{ name, column: name }]
  return ((lists[name] ?? []) as Block).map((_, at) => ({ name: `${name}.${at}`, column: name, at }))
}

const namesOf = (columns: readonly Column[]) => columns.map(({ name }) => name)

function audioColumns({ columns, file }: ParquetFile, wanted: string | undefined): readonly Column[] {
  const found = columns.filter(({ name, isAudio }) =>
    wanted === undefined ? isAudio || name === 'audio' || name === 'audios' : name === wanted,
  )
  for (const { name, audio, type } of found) {
    if (audio !== undefined) continue
    throw new PalError(`expected audio, as {bytes, path}, bytes or a path, got ${type}`, {
      file,
      key: `column ${name}`,
    })
  }
  if (wanted === undefined || found.length > 0) return found
  throw new PalError(`expected a column "${wanted}", got ${namesOf(columns).join(', ')}`, { file })
}

function labelColumn(columns: readonly Column[]): string | undefined {
  const named = columns.find(({ name }) => name === 'label')
  const classes = columns.filter(({ labels }) => labels)
  return named?.name ?? (classes.length === 1 ? classes[0]?.name : undefined)
}

function fieldsOf(
  row: Readonly<Record<string, unknown>>,
  columns: readonly Column[],
  place: Place,
): Record<string, unknown> {
  const cells = columns.map(({ name, labels }) => {
    const value = plain(row[name])
    return [
      name,
      labels && typeof value === 'number' ? labelName(value, labels, place, name) : value,
    ] as const
  })
  return Object.fromEntries(cells.filter(([, value]) => value !== undefined))
}

/** The label's name; −1 says that there is none (`datasets`, `ClassLabel.encode_example`). */
function labelName(
  value: number,
  labels: readonly string[],
  place: Place,
  column: string,
): string | undefined {
  const name = labels[value]
  if (name !== undefined || value === -1) return name
  throw new PalError(
    `expected one of ${labels.length} labels, 0 to ${labels.length - 1}, got ${value}`,
    mistakeAt(place, `column ${column}`),
  )
}

/** A value as JSON would have it: whole numbers as numbers if they fit, and what is empty left out. */
function plain(value: unknown): unknown {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).map(([key, part]) => [key, plain(part)] as const)
  return Object.fromEntries(entries.filter(([, part]) => part !== undefined))
}
