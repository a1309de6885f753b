import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../cache-folder.js'
import type { FeatureDatabase } from './feature-database.js'

export interface StoreOptions {
  /** @default featureFolder() */
  readonly folder?: string
  /** What the file may become at most. */
  readonly maximumBytes: number
  /** Told why nothing is kept, or why what was kept is gone. */
  readonly onWarning?: (message: string) => void
}

/** Where features are kept on this machine. */
export function featureFolder(): string {
  return join(cacheFolder(), 'features')
}

/** The file in that folder. Its number is to be raised when what is stored, or how, changes. */
export function featureFile(folder: string): string {
  return join(folder, 'features-1.sqlite')
}

/**
 * What encoders made of audio, kept on disk: a help that may fail. A damaged file is begun afresh; where none can be
 * opened, read or written, a warning says why, and all is computed as if nothing had ever been kept.
 */
export class FeatureStore {
  readonly file: string
  readonly #open: () => FeatureDatabase
  readonly #warn: (message: string) => void
  #database: FeatureDatabase | undefined
  /** A full disk can still be read. */
  #isWritten = true
  #isFresh = false

  private constructor(file: string, open: () => FeatureDatabase, warn: (message: string) => void) {
    this.file = file
    this.#open = open
    this.#warn = warn
    this.#begin()
  }

  static async open(options: StoreOptions): Promise<FeatureStore> {
    const { folder = featureFolder(), maximumBytes, onWarning = () => undefined } = options
    const file = featureFile(folder)
    // Asked for here only: SQLite is not built for every machine.
    const loaded = await import('./feature-database.js').catch((error: Error) => error)
    const open = () => {
      if (loaded instanceof Error) throw loaded
      return new loaded.FeatureDatabase(file, maximumBytes)
    }
    return new FeatureStore(file, open, onWarning)
  }

  get(key: string): Float32Array | undefined {
    try {
      return this.#database?.get(key)
    } catch (error) {
      this.#fail(error as Error)
      return undefined
    }
  }

  put(key: string, features: Float32Array): void {
    if (!this.#isWritten) return
    try {
      this.#database?.put(key, features)
    } catch (error) {
      if (isDamage(error)) {
        this.#fail(error as Error)
      } else {
        this.#isWritten = false
        this.#warn(`no more encoder outputs are kept in ${this.file}: ${(error as Error).message}`)
      }
    }
  }

  close(): void {
    try {
      this.#database?.close()
    } catch {
      // What was used last is not noted: all that it costs is that the wrong ones may make room.
    }
    this.#database = undefined
  }

  #begin({ afresh = false } = {}): void {
    try {
      for (const suffix of afresh ? ['', '-journal'] : []) rmSync(`${this.file}${suffix}`, { force: true })
      this.#database = this.#open()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #fail(error: Error): void {
    this.close()
    if (!isDamage(error) || this.#isFresh) {
      this.#warn(`no encoder outputs are kept in ${this.file}: ${error.message}`)
      return
    }
    this.#isFresh = true
    this.#warn(`${this.file} is damaged (${error.message}) and begun afresh`)
    this.#begin({ afresh: true })
  }
}

function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test((error as { readonly code?: string }).code ?? '')
}
