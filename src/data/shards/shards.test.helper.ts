import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readStored, type StoredAudio } from '../stored-audio.js'
import type { ShardRecord } from './shard-record.js'

/** What reference/datasets_fixture.py wrote. The compiler does not copy it, so it is found from the package's root. */
export function fixture(name: string): string {
  const fixtures = 'src/data/shards/fixtures'
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, fixtures))) folder = dirname(folder)
  return join(folder, fixtures, name)
}

export const folder = () => mkdtemp(join(tmpdir(), 'pal-shards-'))

/** Which of the fixtures' tones it is: number n has (n + 1) · 200 Hz for 0.05 s. */
export async function toneOf(audio: StoredAudio | undefined): Promise<number> {
  if (!audio) throw new Error('no audio')
  const { samples, seconds } = await readStored(audio, 8000)
  const rises = samples.reduce(
    (sum, x, i) => sum + (i > 0 && x >= 0 && (samples[i - 1] as number) < 0 ? 1 : 0),
    0,
  )
  return Math.round(rises / seconds / 200) - 1
}

export async function all(records: AsyncIterable<ShardRecord>): Promise<readonly ShardRecord[]> {
  const found: ShardRecord[] = []
  for await (const record of records) found.push(record)
  return found
}

/** One member, its header and its content padded to blocks, in the old way of tar. */
export function tarMember(name: string, content: string | Uint8Array, type = '0'): Buffer {
  const body = Buffer.from(content)
  const header = Buffer.alloc(512)
  header.write(name, 0, 100)
  header.write(body.length.toString(8).padStart(11, '0'), 124)
  header.write(type, 156)
  header.write('ustar', 257)
  return Buffer.concat([signed(header), body, Buffer.alloc(-body.length & 511)])
}

/** Writes a header's checksum into it. */
export function signed(header: Buffer): Buffer {
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

export const tarEnd = Buffer.alloc(1024)
