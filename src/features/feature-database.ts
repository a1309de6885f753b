import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'

/** How long one process waits for another's write. */
const PATIENCE_MS = 10_000

const SCHEMA = `
  pragma auto_vacuum = incremental;
  pragma journal_mode = truncate;
  pragma synchronous = off;
  begin immediate;
  create table if not exists features (key text primary key, checksum blob not null, numbers blob not null);
  create table if not exists uses (key text primary key, at integer not null) without rowid;
  create index if not exists oldest on uses (at);
  commit;
`

/**
 * Numbers by key in one SQLite file, which any number of processes use at once. It has a rollback journal, so that it may
 * lie on a network's disk, and does not wait for the disk: what a power cut damages is computed again.
 *
 * Every method throws what SQLite says: of a full disk, a damaged file, a writer that does not end.
 */
export class FeatureDatabase {
  readonly #database: Database.Database
  readonly #maximumPages: number
  readonly #pageSize: number
  /** What was used since the last write: reading alone writes nothing. */
  readonly #used = new Set<string>()

  /**
   * @param file made if need be, with its folder
   * @param maximumBytes what it may become: those used the longest ago make room, also in a file that is larger already
   */
  constructor(file: string, maximumBytes: number) {
    mkdirSync(dirname(file), { recursive: true })
    this.#database = new Database(file, { timeout: PATIENCE_MS })
    try {
      this.#database.exec(SCHEMA)
      this.#pageSize = this.#pragma('page_size')
      this.#maximumPages = Math.floor(maximumBytes / this.#pageSize)
      this.#shrink()
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  /** Undefined, too, for numbers that are not those that were put there: they are forgotten. */
  get(key: string): Float32Array | undefined {
    const row = this.#database.prepare('select checksum, numbers from features where key = ?').get(key) as
      | { readonly checksum: Uint8Array; readonly numbers: Uint8Array }
      | undefined
    if (!row) return undefined
    if (!checksum(key, row.numbers).equals(row.checksum)) {
      this.#write(() => this.#remove(key))
      return undefined
    }
    this.#used.add(key)
    return new Float32Array(new Uint8Array(row.numbers).buffer)
  }

  /** Nothing is kept that is larger than all may be. */
  put(key: string, numbers: Float32Array): void {
    const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
    // A few pages more for where the row begins, and for what it may split of the indices.
    const needed = Math.ceil(bytes.byteLength / (this.#pageSize - 4)) + 8
    if (needed > this.#maximumPages) return
    this.#write(() => {
      this.#makeRoom(needed)
      this.#database
        .prepare('insert or replace into features values (?, ?, ?)')
        .run(key, checksum(key, bytes), bytes)
      this.#note(key)
    })
  }

  close(): void {
    try {
      if (this.#used.size > 0) this.#write(() => undefined)
    } finally {
      this.#database.close()
    }
  }

  /** One transaction, which also notes what was used since the one before. */
  #write(change: () => void): void {
    this.#database.exec('begin immediate')
    try {
      for (const key of this.#used) this.#note(key)
      change()
      this.#database.exec('commit')
      this.#used.clear()
    } catch (error) {
      // Of a full disk, SQLite has taken back by itself what was begun.
      if (this.#database.inTransaction) this.#database.exec('rollback')
      throw error
    }
  }

  /** Notes that it is used now, if it is still there. */
  #note(key: string): void {
    this.#database
      .prepare('insert or replace into uses select key, ? from features where key = ?')
      .run(Date.now(), key)
  }

  #remove(key: string): void {
    this.#database.prepare('delete from features where key = ?').run(key)
    this.#database.prepare('delete from uses where key = ?').run(key)
  }

  #makeRoom(pages: number): void {
    const oldest = this.#database.prepare('select key from uses order by at limit 1')
    while (this.#pragma('page_count') - this.#pragma('freelist_count') + pages > this.#maximumPages) {
      const row = oldest.get() as { readonly key: string } | undefined
      if (!row) return
      this.#remove(row.key)
    }
  }

  #shrink(): void {
    if (this.#pragma('page_count') <= this.#maximumPages) return
    this.#write(() => this.#makeRoom(0))
    this.#database.exec('pragma incremental_vacuum')
  }

  #pragma(name: 'page_size' | 'page_count' | 'freelist_count'): number {
    return (this.#database.prepare(`pragma ${name}`).get() as Readonly<Record<string, number>>)[
      name
    ] as number
  }
}

/** Of the key, too: the numbers of another audio are as wrong as damaged ones. */
function checksum(key: string, bytes: Uint8Array): Buffer {
  return createHash('sha256').update(key).update(bytes).digest()
}
