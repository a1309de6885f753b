import { access, constants, readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isObject, kindOf } from '../check-options.js'
import { PalError } from '../errors.js'
import { isRefusal, unreadable } from '../reading.js'

/**
 * A path ('-' for standard input) or a file: URL, the bytes of a file, or a stream of them: of Node, of the web, or whatever
 * gives them bit by bit. That there are streams of text shows only when they are read; they are refused.
 */
export type Loadable = string | URL | Uint8Array | AsyncIterable<Uint8Array | string>

/**
 * All bytes of a path, of a file: URL, of standard input ('-'), of a stream, or as given; with a name to call them by.
 * @throws PalError for what cannot be read, and the signal's reason
 */
export async function loadBytes(
  source: Loadable,
  name?: string,
  signal?: AbortSignal,
): Promise<{ name: string; bytes: Uint8Array }> {
  signal?.throwIfAborted()
  if (source === '-') {
    const called = name ?? 'standard input'
    return { name: called, bytes: await drain(process.stdin, called, signal) }
  }
  if (typeof source === 'string' || source instanceof URL) {
    const path = typeof source === 'string' ? source : pathOf(source)
    return { name: name ?? path, bytes: await readPath(path, signal) }
  }
  if (source instanceof Uint8Array) return { name: name ?? 'audio bytes', bytes: source }
  expectStream(source)
  const called = name ?? 'audio stream'
  return { name: called, bytes: await drain(source, called, signal) }
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new PalError(`expected the file: URL of a path on this machine, got "${url}"`, {
      cause,
      ...(/^https?:/.test(url.protocol) && { hint: NOT_FROM_THE_WEB }),
    })
  }
}

/** Programs without types may give anything. */
function expectStream(source: unknown): void {
  if (isObject(source) && Symbol.asyncIterator in source) return
  throw new PalError(
    `expected a path, a file: URL, the bytes of a file or a stream of them, got ${kindOf(source)}`,
    { key: 'source' },
  )
}

const NOT_FROM_THE_WEB =
  'Audio is read from files, not from the web: download it first, or pipe it in and give - as the path.'

async function readPath(path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  expectPath(path)
  try {
    return await readFile(path, { signal })
  } catch (cause) {
    signal?.throwIfAborted()
    if ((cause as NodeJS.ErrnoException).code === 'ERR_FS_FILE_TOO_LARGE') throw tooLarge(path, cause)
    throw noAudio(path, cause)
  }
}

/** Looks whether there is a file that may be read. @throws PalError as `loadBytes` does where there is none */
export async function expectFile(path: string): Promise<void> {
  expectPath(path)
  try {
    await access(path, constants.R_OK)
    if (!(await stat(path)).isDirectory()) return
  } catch (cause) {
    throw noAudio(path, cause)
  }
  throw new PalError('expected an audio file, got a folder', { file: path })
}

/** Node takes such a path for a mistake of the program. */
function expectPath(path: string): void {
  if (!path.includes('\0')) return
  throw new PalError('expected an audio file, got a path with a null byte', { file: JSON.stringify(path) })
}

function noAudio(path: string, cause: unknown): unknown {
  return isRefusal(cause) ? unreadable('an audio file', path, cause, whereToLook(path)) : cause
}

function tooLarge(path: string, cause: unknown): PalError {
  return new PalError('expected an audio file of at most 2 GiB, got a larger one', {
    ...{ file: path, cause },
    hint: 'Cut it in parts, or store it as flac.',
  })
}

function whereToLook(path: string): string {
  if (/^https?:/.test(path)) return NOT_FROM_THE_WEB
  return /^file:\/\//.test(path)
    ? `Give its path without file://, or in a program new URL("${path}").`
    : `Looked from ${process.cwd()}.`
}

async function drain(
  stream: AsyncIterable<Uint8Array | string>,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of untilAborted(stream, signal)) {
    if (!(chunk instanceof Uint8Array)) throw noBytes(chunk, name)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function noBytes(chunk: unknown, name: string): PalError {
  if (typeof chunk !== 'string') {
    return new PalError(`expected a stream of bytes, got a stream of ${kindOf(chunk)}`, { file: name })
  }
  return new PalError('expected a stream of bytes, got a stream of text', {
    file: name,
    hint: 'Open the stream without an encoding.',
  })
}

/** A stream's chunks; a stream that keeps silent is not waited for once the signal is aborted. */
async function* untilAborted(
  stream: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<string | Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]()
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason)
  })
  aborted.catch(() => undefined) // It is raced against, if anybody waits.
  signal?.addEventListener('abort', stop)
  try {
    for (;;) {
      const { value, done } = await Promise.race([chunks.next(), aborted])
      if (done) return
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    if (signal?.aborted) leave(stream, chunks)
  }
}

/** Lets go of a stream, which may be silent for ever: nobody waits for its end. */
function leave(
  stream: AsyncIterable<Uint8Array | string> & { readonly destroy?: () => void },
  chunks: AsyncIterator<Uint8Array | string>,
): void {
  if (stream.destroy) stream.destroy()
  else chunks.return?.().catch(() => undefined)
}
