import { readFile } from 'node:fs/promises'
import { PalError } from '../errors.js'

export type Loadable = string | Uint8Array | NodeJS.ReadableStream

/** All bytes of a path, of standard input ('-'), of a stream, or as given; with a name to call them by. */
export async function loadBytes(
  source: Loadable,
  name?: string,
): Promise<{ name: string; bytes: Uint8Array }> {
  if (source === '-') {
    return { name: name ?? 'standard input', bytes: await drain(process.stdin, name ?? 'standard input') }
  }
  if (typeof source === 'string') return { name: name ?? source, bytes: await readPath(source) }
  if (source instanceof Uint8Array) return { name: name ?? 'audio bytes', bytes: source }
  return { name: name ?? 'audio stream', bytes: await drain(source, name ?? 'audio stream') }
}

async function readPath(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    const known = FILE_ERRORS[code]
    if (known === undefined) throw cause
    const hint = known.hint?.(path)
    throw new PalError(known.message, { file: path, cause, ...(hint === undefined ? {} : { hint }) })
  }
}

interface FileError {
  readonly message: string
  readonly hint?: (path: string) => string
}

const FILE_ERRORS: Readonly<Record<string, FileError>> = {
  ENOENT: {
    message: 'expected an audio file, but there is no such file',
    hint: (path) =>
      /^https?:/.test(path)
        ? 'Audio is read from files, not from the web: download it first, or pipe it in and give - as the path.'
        : `Looked from ${process.cwd()}.`,
  },
  EISDIR: { message: 'expected an audio file, got a folder' },
  ENOTDIR: { message: 'expected an audio file, but a part of this path is a file, not a folder' },
  EACCES: { message: 'expected an audio file that can be read, but permission was denied' },
  ERR_FS_FILE_TOO_LARGE: {
    message: 'expected an audio file of at most 2 GiB, got a larger one',
    hint: () => 'Cut it in parts, or store it as flac.',
  },
}

async function drain(stream: NodeJS.ReadableStream, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) {
    if (typeof chunk === 'string') {
      throw new PalError('expected a stream of bytes, got a stream of text', {
        file: name,
        hint: 'Open the stream without an encoding.',
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
