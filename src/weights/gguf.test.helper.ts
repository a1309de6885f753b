import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of src/weights/fixtures. */
export function fixture(name: string): string {
  return fixtureFolder(join('src/weights/fixtures', name))
}

/** Fixtures by their path. The compiler does not copy them, so they are found from the package's root. */
export function fixtureFolder(path: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, path))) {
    if (folder === dirname(folder)) throw new Error(`found no ${path}`)
    folder = dirname(folder)
  }
  return join(folder, path)
}

/** A value with its type's number in GGUF: 4 uint32, 5 int32, 6 float32, 7 boolean, 8 text, 10 uint64. */
export type Value = readonly [type: number, value: number | bigint | boolean | string | readonly Value[]]

export const text = (value: string): Value => [8, value]
export const uint = (value: number): Value => [4, value]
export const float = (value: number): Value => [6, value]
export const list = (type: number, values: readonly (string | number)[]): Value => [
  9,
  values.map((value) => [type, value] as const),
]

export interface TensorBytes {
  /** In GGUF's order: the dimension whose numbers are neighbours first. */
  readonly sizes: readonly (number | bigint)[]
  readonly type: number
  readonly data: Uint8Array
  /** @default behind the tensor before it */
  readonly offset?: number | bigint
}

export interface Parts {
  readonly magic?: string
  readonly version?: number
  readonly metadata?: readonly (readonly [key: string, value: Value])[]
  readonly tensors?: readonly (readonly [name: string, tensor: TensorBytes])[]
  readonly counts?: readonly [tensors: number | bigint, entries: number | bigint]
}

/** A GGUF file as bytes, from parts that need not be right. */
export function ggufBytes({
  magic = 'GGUF',
  version = 3,
  metadata = [],
  tensors = [],
  counts,
}: Parts): Buffer {
  const header = [
    Buffer.from(magic, 'latin1'),
    word(version),
    ...(counts ?? [tensors.length, metadata.length]).map(long),
    ...metadata.flatMap(([key, value]) => [string(key), word(value[0]), ...valueBytes(value)]),
  ]
  const data: Buffer[] = []
  let end = 0
  for (const [name, { sizes, type, data: bytes, offset = end }] of tensors) {
    header.push(string(name), word(sizes.length), ...sizes.map(long), word(type), long(offset))
    data.push(padded(bytes))
    end += data.at(-1)!.length
  }
  return Buffer.concat([padded(Buffer.concat(header)), ...data])
}

/** Float32 numbers as a tensor; `shape` row after row. */
export function floats(shape: readonly number[], numbers: ArrayLike<number>): TensorBytes {
  return { sizes: [...shape].reverse(), type: 0, data: new Uint8Array(Float32Array.from(numbers).buffer) }
}

function valueBytes([type, value]: Value): Buffer[] {
  if (typeof value === 'string') return [string(value)]
  if (typeof value === 'boolean') return [Buffer.of(value ? 1 : 0)]
  if (typeof value === 'bigint') return [long(value)]
  if (typeof value !== 'number') {
    return [word(value[0]?.[0] ?? 4), long(value.length), ...value.flatMap(valueBytes)]
  }
  const bytes = Buffer.alloc(4)
  if (type === 6) bytes.writeFloatLE(value)
  else if (type === 5) bytes.writeInt32LE(value)
  else bytes.writeUInt32LE(value)
  return type === 7 ? [bytes.subarray(0, 1)] : [bytes]
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([long(bytes.length), bytes])
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function long(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)])
}
