import { access } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { PalError } from '../../errors.js'
import { mistakeAt, type Place } from '../place.js'
import type { StoredAudio } from '../stored-audio.js'
import type { ParquetFile } from './parquet-file.js'
import type { Recent } from './recent.js'

/** The cells of a column in a block of rows. */
export type Block = readonly unknown[]

/** Where in a row an audio stands: in a column, or `at` a place of the list in it. */
export interface AudioCell {
  readonly name: string
  readonly column: string
  readonly at?: number
}

/**
 * The audio in a cell. Opening it reads the block of rows around it, unless that is among the recent ones.
 * @param row from 0
 */
export function storedCell(
  parquet: ParquetFile,
  row: number,
  { name, column, at }: AudioCell,
  recent: Recent<Block>,
): StoredAudio {
  const { file } = parquet
  const place = { file, part: `row ${row + 1}` }
  const key = `column ${name}`
  return {
    name: `${file}, ${place.part}, ${key}`,
    async open() {
      const range = parquet.blockAround(row, column)
      const block = await recent.get(`${file}:${column}:${range.start}`, async () =>
        (await parquet.rows(range, [column])).map((cells) => cells[column]),
      )
      const cell = block[row - range.start]
      return bytesOrPath(at === undefined ? cell : (cell as Block)[at], place, key)
    },
  }
}

async function bytesOrPath(cell: unknown, place: Place, key: string): Promise<string | Uint8Array> {
  const { bytes, path } = cell instanceof Uint8Array ? { bytes: cell, path: undefined } : partsOf(cell)
  if (bytes instanceof Uint8Array) return bytes
  if (typeof path !== 'string' || path === '')
    throw new PalError('expected the bytes of an audio or a path to it, got neither', mistakeAt(place, key))
  const whole = resolve(dirname(place.file), path)
  await access(whole).catch((cause: unknown) => {
    throw new PalError(`expected the audio's bytes or a path to it, but there is no file ${whole}`, {
      ...mistakeAt(place, key),
      hint: 'A path in a parquet file is relative to it. Embed the bytes, or put the file there.',
      cause,
    })
  })
  return whole
}

function partsOf(cell: unknown): { readonly bytes?: unknown; readonly path?: unknown } {
  return typeof cell === 'string' ? { path: cell } : (cell ?? {})
}

/** How much of memory a block takes: that of its audio. */
export function weighBlock(block: Block): number {
  const sizes = block.flat().map((cell) => {
    const bytes = cell instanceof Uint8Array ? cell : partsOf(cell).bytes
    return bytes instanceof Uint8Array ? bytes.byteLength : 0
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}
