import { createHash, type Hash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PalError } from '../errors.js'
import { isNoSuchFile } from '../reading.js'
import { writing } from '../weights/writing.js'
import { backoff, type Patience } from './patience.js'
import { again, noConnection, request, silent, unreachable } from './request.js'

export interface Download {
  readonly url: string
  /** Its size and hash: a SHA-256 of 64 digits, or the id of git's blob, of 40. */
  readonly bytes: number
  readonly hash: string
  readonly token: string | undefined
  readonly patience: Patience
  readonly signal?: AbortSignal | undefined
  /** Told in a sentence what went wrong and is tried again. */
  readonly onNotice?: ((sentence: string) => void) | undefined
  /** What it is, and the page about it, for messages. */
  readonly what: string
  readonly page: string
  /** Told how many bytes there are, those of earlier calls included. */
  readonly onProgress?: (done: number) => void
}

/**
 * Downloads a file so that whoever opens `path` finds all of it or nothing. What has arrived lies beside it, as
 * `PATH.pal.incomplete`; a broken connection and a later call go on from there. Nobody else may do the same at the
 * same time: see lock.ts.
 * @throws PalError for a server that refuses, lies about the length or sends something else than it promised
 */
export async function download(path: string, source: Download): Promise<void> {
  const part = `${path}.pal.incomplete`
  await mkdir(dirname(path), { recursive: true })
  // Not for appending: a process that was suspended may go on while another does the same, and the same bytes then come to
  // the same place.
  const file = await open(part, constants.O_RDWR | constants.O_CREAT)
  try {
    let done = await resume(file, source.bytes)
    source.onProgress?.(done)
    for (let failures = 0; done < source.bytes; ) {
      const before = done
      let cause: unknown
      try {
        for await (const piece of receive(source, done)) {
          await write(file, piece, done, part)
          done += piece.length
          source.onProgress?.(done)
        }
      } catch (error) {
        if (error instanceof PalError || source.signal?.aborted) throw error
        cause = error
      }
      if (done === source.bytes) break
      failures = done > before ? 1 : failures + 1
      if (failures >= source.patience.attempts) throw brokenOff(source, done, cause)
      const pause = backoff(failures)
      source.onNotice?.(again(endedEarly(source, done, cause), pause))
      await source.patience.wait(pause, source.signal)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await check(part, source)
    await rename(part, path)
  } catch (error) {
    if (!isNoSuchFile(error)) throw error
    await expectFinished(path, source, error)
  }
}

/** How much of the file an earlier call has left. */
async function resume(file: FileHandle, bytes: number): Promise<number> {
  const { size } = await file.stat()
  if (size <= bytes) return size
  await file.truncate(0)
  return 0
}

/** What comes after the first `from` bytes, piece by piece, and never more than was promised. */
async function* receive(source: Download, from: number): AsyncGenerator<Uint8Array> {
  const response = await request(source.url, {
    ...source,
    headers: from > 0 ? { range: `bytes=${from}-` } : {},
  })
  let skip: number
  try {
    skip = checkLength(response, source, from)
  } catch (error) {
    await response.body?.cancel()
    throw error
  }
  let arrived = from - skip
  for await (const piece of piecesOf(response, source)) {
    arrived += piece.length
    if (arrived > source.bytes) throw lie(source, `it sent more than ${source.bytes}`)
    // A server that does not know ranges sends everything again.
    const fresh = piece.subarray(Math.min(skip, piece.length))
    skip -= piece.length - fresh.length
    if (fresh.length > 0) yield fresh
  }
}

/** A body's pieces; a server that falls silent, and a caller who has had enough, end it. */
async function* piecesOf({ body }: Response, { patience, signal }: Download): AsyncGenerator<Uint8Array> {
  if (!body) return
  const reader = body.getReader()
  let ended: Error | undefined
  const end = (reason: Error) => {
    ended ??= reason
    void reader.cancel(reason).catch(() => undefined)
  }
  const stop = () => end(signal?.reason as Error)
  signal?.addEventListener('abort', stop)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const timer = setTimeout(() => end(silent(patience)), patience.silence)
      const { value, done } = await reader.read().finally(() => clearTimeout(timer))
      if (ended) throw ended
      if (done) return
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    await reader.cancel().catch(() => undefined)
  }
}

/** @returns how many bytes come that are here already */
function checkLength({ status, headers }: Response, source: Download, from: number): number {
  const range = headers.get('content-range')
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range ?? '') ?? []
  const skip = status === 206 ? from - Number(start ?? Number.NaN) : from
  if (Number.isNaN(skip) || skip < 0)
    throw lie(source, `it answered a request from byte ${from} with "${range}"`)
  if (status === 206 && total !== '*' && Number(total) !== source.bytes)
    throw lie(source, `it announced ${total}`)
  const announced = headers.get('content-length')
  const coming = source.bytes - from + skip
  if (announced !== null && Number(announced) !== coming) {
    throw lie(source, `it announced ${announced} where ${coming} are left`)
  }
  return skip
}

function write(file: FileHandle, piece: Uint8Array, at: number, path: string): Promise<void> {
  const hint = 'Make room, or set HF_HUB_CACHE to a folder on another disk; the next call goes on from here.'
  return writing('the download', { file: path, hint }, async () => {
    for (let written = 0; written < piece.length; ) {
      written += (await file.write(piece, written, piece.length - written, at + written)).bytesWritten
    }
  })
}

/** Whether what lies there is what was promised. */
async function check(part: string, source: Download): Promise<void> {
  const hash = hashFor(source)
  for await (const piece of createReadStream(part, { highWaterMark: 2 ** 20 })) {
    source.signal?.throwIfAborted()
    hash.update(piece as Buffer)
  }
  const digest = hash.digest('hex')
  if (digest === source.hash) return
  await rm(part, { force: true })
  throw new PalError(`expected ${source.what} to have the hash ${source.hash}, got ${digest}`, {
    hint: 'What came is not what was promised, and has been removed. Pull again; if it happens again, a proxy or mirror is at fault.',
  })
}

/** Git's id of a blob is the SHA-1 of its length and content. */
function hashFor({ hash, bytes }: Download): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
}

/** What is no longer under its unfinished name, another process has checked and given the other one. */
async function expectFinished(path: string, { bytes, what }: Download, cause: unknown): Promise<void> {
  const size = (await stat(path).catch(() => undefined))?.size
  if (size === bytes) return
  throw new PalError(`expected ${what} to stay where it was downloaded to, but it has gone`, {
    file: path,
    hint: 'Another process, or somebody, has removed it: pull again.',
    cause,
  })
}

function lie({ bytes, what }: Download, given: string): PalError {
  return new PalError(`expected ${what} to have ${bytes} bytes, as the hub lists it, but ${given}`, {
    hint: 'The server contradicts itself; a proxy or mirror may be at fault (HF_ENDPOINT).',
  })
}

function endedEarly({ url, what, bytes }: Download, done: number, cause: unknown): string {
  return cause === undefined ? `${what} ended after ${done} of ${bytes} bytes` : noConnection(url, cause)
}

function brokenOff(source: Download, done: number, cause: unknown): PalError {
  if (cause !== undefined) return unreachable(source.url, cause)
  return new PalError(
    `expected ${source.what} to have ${source.bytes} bytes, but the server ended it after ${done}, again and again`,
    { hint: 'The next call goes on from there.' },
  )
}
