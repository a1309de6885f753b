import { type FileHandle, open } from 'node:fs/promises'
import { PalError } from '../../errors.js'
import { unreadable } from '../../reading.js'
import { readRange } from '../../weights/read-range.js'
import { cutShort } from './file-range.js'

/** A file inside a tar archive. */
export interface TarMember {
  readonly name: string
  /** Of its content, in bytes from the archive's begin. */
  readonly offset: number
  readonly size: number
}

const BLOCK = 512
/** Names longer than this are no names. */
const LONGEST_HEADER = 1 << 20

/**
 * The files in a tar archive, in order; of their content nothing is read. Understands ustar, pax and GNU long names
 * (POSIX.1-2017, "pax", ustar and pax Interchange Format; GNU tar manual, "Basic Tar Format").
 * @throws PalError for what is not a tar archive, is damaged or cut short, or holds links instead of files
 */
export async function* tarMembers(file: string): AsyncGenerator<TarMember> {
  const handle = await open(file).catch((cause: unknown) => {
    throw unreadable('a tar archive', file, cause)
  })
  try {
    const { size: end } = await handle.stat()
    let extended: Extended = {}
    for (let at = 0; ; ) {
      const header = await read(handle, file, at, BLOCK, end)
      if (header.every((byte) => byte === 0)) return
      checkSum(header, file, at)
      const type = String.fromCharCode(header[156] as number)
      const size = extended.size ?? numberIn(header.subarray(124, 136), file, at)
      const offset = at + BLOCK
      if (offset + size > end) throw cutShort(file, offset + size, end)
      at = offset + Math.ceil(size / BLOCK) * BLOCK
      if (EXTENSIONS.has(type)) {
        if (size > LONGEST_HEADER) throw damaged(file, offset, `a header of ${size} bytes`)
        extended = { ...extended, ...parseExtended(type, await read(handle, file, offset, size, end)) }
        continue
      }
      const name = (extended.path ?? nameIn(header)).replace(/^(\.\/)+/, '')
      extended = {}
      if (REGULAR.has(type)) yield { name, offset, size }
      else if (type !== DIRECTORY) {
        throw new PalError(`expected files in the tar archive, got a link or device (type "${type}")`, {
          file,
          key: name,
          hint: 'Write the archive with the files themselves: tar --dereference.',
        })
      }
    }
  } finally {
    await handle.close()
  }
}

/** "7" is a contiguous file, which is one like any other; before ustar a file had a zero byte. */
const REGULAR: ReadonlySet<string> = new Set(['0', '\0', '7'])
const DIRECTORY = '5'
/** pax headers of the next member and of all, and the name and the link of the next member in GNU's way. */
const EXTENSIONS: ReadonlySet<string> = new Set(['x', 'g', 'L', 'K'])

/** What an extended header says of the member that follows it. */
interface Extended {
  readonly path?: string
  readonly size?: number
}

async function read(handle: FileHandle, file: string, at: number, length: number, end: number) {
  if (at + length > end) throw cutShort(file, at + length, end)
  return readRange(handle, file, at, length)
}

/** The sum of all bytes of a header, those of the sum itself taken as spaces, stands in it in octal. */
function checkSum(header: Uint8Array, file: string, at: number): void {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0)
  const declared = Number.parseInt(text(header.subarray(148, 156)), 8)
  if (sum === declared) return
  if (at > 0) throw damaged(file, at, 'a header whose checksum is wrong')
  const gzip = header[0] === 0x1f && header[1] === 0x8b
  throw new PalError(`expected a tar archive, got ${gzip ? 'a gzip archive' : 'something else'}`, {
    file,
    ...(gzip && { hint: 'Unpack it with gunzip: members are read in place.' }),
  })
}

/** Octal text, or, for large files, a binary number whose first bit is set (GNU tar). */
function numberIn(field: Uint8Array, file: string, at: number): number {
  const [first = 0, ...rest] = field
  const value =
    first & 0x80
      ? rest.reduce((sum, byte) => sum * 256 + byte, first & 0x7f)
      : Number.parseInt(text(field).trim() || '0', 8)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw damaged(file, at, 'a member without a size')
}

function nameIn(header: Uint8Array): string {
  const name = text(header.subarray(0, 100))
  // GNU's own format, "ustar" and two spaces, has times where the prefix would be.
  const posix = text(header.subarray(257, 263)) === 'ustar'
  const prefix = posix ? text(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function parseExtended(type: string, content: Uint8Array): Extended {
  if (type === 'L') return { path: text(content) }
  if (type !== 'x') return {}
  const found: { path?: string; size?: number } = {}
  // Each record is "LENGTH KEY=VALUE\n", its length in bytes counting all of it.
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const length = Number.parseInt(text(content.subarray(at, space)), 10)
    if (space < 0 || !(length > 0)) break
    const record = text(content.subarray(space + 1, at + length - 1))
    const equals = record.indexOf('=')
    const value = record.slice(equals + 1)
    if (record.startsWith('path=')) found.path = value
    if (record.startsWith('size=')) found.size = Number(value)
    at += length
  }
  return found
}

/** Up to the first zero byte. */
function text(bytes: Uint8Array): string {
  const zero = bytes.indexOf(0)
  return Buffer.from(zero < 0 ? bytes : bytes.subarray(0, zero)).toString('utf8')
}

function damaged(file: string, at: number, what: string): PalError {
  return new PalError(`expected a tar archive, got ${what} at byte ${at}`, {
    file,
    hint: 'Download or copy it again.',
  })
}
