import { stat } from 'node:fs/promises'
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type RowGroup,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { PalError } from '../../errors.js'
import { unreadable } from '../../reading.js'
import { cutShort, readPart } from './file-range.js'
import { type Column, columnOf, type SchemaNode } from './parquet-column.js'

/** Rows that are read together where the file's index of pages allows to read a part of a row group. */
const BLOCK_ROWS = 32
/** What one column of one row group may take in memory, in bytes. */
const LARGEST_CHUNK = 2 ** 31 - 1

/** Rows from `start` up to, not including, `end`. */
export interface RowRange {
  readonly start: number
  readonly end: number
}

/** A parquet file, read in place: its footer once, of its rows and columns those that are asked for. */
export class ParquetFile {
  private constructor(
    readonly file: string,
    readonly columns: readonly Column[],
    private readonly buffer: AsyncBuffer,
    private readonly metadata: FileMetaData,
  ) {}

  /**
   * Reads the footer.
   * @throws PalError for what is not a parquet file, is damaged, cut short or encrypted
   */
  static async open(file: string, buffer?: AsyncBuffer): Promise<ParquetFile> {
    const source = buffer ?? (await bufferOf(file))
    await checkMagic(source, file)
    const metadata = await reading(file, () => parquetMetadataAsync(source, { geoparquet: false }))
    const columns = await reading(file, async () => {
      const features = featuresIn(metadata)
      return parquetSchema(metadata).children.map((node) => columnOf(node, features))
    })
    await reading(file, async () => checkChunks(metadata, source.byteLength, file))
    return new ParquetFile(file, columns, source, metadata)
  }

  get rowCount(): number {
    return this.metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0)
  }

  /** @throws PalError if the data of these rows are damaged */
  async rows({ start, end }: RowRange, columns: readonly string[]): Promise<Record<string, unknown>[]> {
    const rows = await reading(this.file, () =>
      parquetReadObjects({
        ...{ file: this.buffer, metadata: this.metadata, compressors, columns: [...columns] },
        // Without `utf8` a column of bytes stays one; texts are told by their type.
        ...{ rowStart: start, rowEnd: end, utf8: false, useOffsetIndex: true },
      }),
    )
    if (rows.length === end - start) return rows
    throw new PalError(`expected ${end - start} rows from row ${start + 1} on, got ${rows.length}`, {
      file: this.file,
    })
  }

  /** The row groups. */
  *groups(): Generator<RowRange & { readonly group: RowGroup }> {
    let start = 0
    for (const group of this.metadata.row_groups) {
      const end = start + Number(group.num_rows)
      yield { start, end, group }
      start = end
    }
  }

  /**
   * The rows to read with this one when it is asked for: a few neighbours if the row group's pages are indexed
   * (as `datasets` writes them), else the whole row group.
   * @throws PalError for a row group that is too large to read whole
   */
  blockAround(row: number, column: string): RowRange {
    for (const { start, end, group } of this.groups()) {
      if (row >= end) continue
      const chunks = group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === column)
      if (chunks.every(({ offset_index_offset }) => offset_index_offset !== undefined)) {
        const first = row - ((row - start) % BLOCK_ROWS)
        return { start: first, end: Math.min(end, first + BLOCK_ROWS) }
      }
      const bytes = chunks.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size), 0)
      if (bytes <= LARGEST_CHUNK) return { start, end }
      const message = `expected a row group of at most 2 GiB, got ${(bytes / 2 ** 30).toFixed(1)} GiB`
      throw new PalError(message, {
        ...{ file: this.file, key: `rows ${start + 1} to ${end}, column ${column}` },
        hint: 'Write the file again with row_group_size=100, or with write_page_index=True.',
      })
    }
    throw new RangeError(`${this.file} has no row ${row}`)
  }
}

async function bufferOf(file: string): Promise<AsyncBuffer> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw unreadable('a parquet file', file, cause)
  })
  return {
    byteLength: size,
    slice(start, end = size) {
      const bytes = readPart(file, start, end - start).then(({ buffer }) => buffer)
      // The reader reads ahead, and when one part of a file is bad it waits for the others no longer.
      bytes.catch(() => {})
      return bytes
    },
  }
}

/** A parquet file begins and ends with "PAR1", one whose footer is encrypted with "PARE". */
async function checkMagic(buffer: AsyncBuffer, file: string): Promise<void> {
  const size = buffer.byteLength
  if (size < 12) throw new PalError(`expected a parquet file, got ${size} bytes`, { file })
  const [first, last] = [await buffer.slice(0, 4), await buffer.slice(size - 4, size)].map((bytes) =>
    Buffer.from(bytes).toString('latin1'),
  )
  if (first === 'PARE' || last === 'PARE')
    throw new PalError('expected a parquet file in the clear, got an encrypted one', { file })
  if (first !== 'PAR1')
    throw new PalError(`expected a parquet file, got one that begins with ${JSON.stringify(first)}`, { file })
  if (last === 'PAR1') return
  throw new PalError('expected PAR1 at the end of a parquet file, got something else: it is cut short', {
    file,
    hint: 'Download or copy it again.',
  })
}

/** What `datasets` says about the columns, by their names. */
function featuresIn({ key_value_metadata }: FileMetaData): Readonly<Record<string, unknown>> {
  const text = key_value_metadata?.find(({ key }) => key === 'huggingface')?.value
  if (text === undefined) return {}
  const { info } = JSON.parse(text) as { info?: { features?: Record<string, unknown> } }
  return info?.features ?? {}
}

/**
 * Every column must be one of the schema, and its bytes lie in the file: a footer that is damaged would send the
 * reader anywhere.
 */
function checkChunks(metadata: FileMetaData, size: number, file: string): void {
  const schema = parquetSchema(metadata)
  for (const { columns } of metadata.row_groups) {
    for (const { meta_data: data } of columns) {
      const path = data?.path_in_schema ?? []
      if (!data || !isLeaf(schema, path)) {
        throw new PalError(`expected a column of the schema, got "${path.join('.')}"`, { file })
      }
      const start = Number(data.dictionary_page_offset || data.data_page_offset)
      const length = Number(data.total_compressed_size)
      if (start + length > size) throw cutShort(file, start + length, size)
      if (start >= 0 && length >= 0) continue
      throw new PalError(`expected a column in the file, got ${length} bytes from ${start} on`, { file })
    }
  }
}

function isLeaf(root: SchemaNode, path: readonly string[]): boolean {
  let node: SchemaNode | undefined = root
  for (const name of path) node = node?.children.find(({ element }) => element.name === name)
  return node?.children.length === 0
}

/** Whatever the reader throws is about this file, and its stack is no use to the user. */
async function reading<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof PalError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PalError(`expected a parquet file that can be read: ${reason}`, { file, cause })
  }
}
