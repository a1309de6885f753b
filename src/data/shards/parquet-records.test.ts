import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Block, weighBlock } from './parquet-audio.js'
import { ParquetFile } from './parquet-file.js'
import { parquetRecords } from './parquet-records.js'
import { Recent } from './recent.js'
import { all, fixture, folder, toneOf } from './shards.test.helper.js'

const records = (file: string, audio?: string) =>
  all(
    parquetRecords(file, {
      recent: new Recent<Block>(1e6, weighBlock),
      ...(audio !== undefined && { audio }),
    }),
  )

test('rows of datasets have the names of their labels, and embedded audio', async () => {
  const rows = await records(fixture('labelled/train-00000-of-00001.parquet'))
  assert.deepEqual(
    rows.map(({ fields }) => fields),
    [
      { audio: 'audio', fold: 1, label: 'dog' },
      { audio: 'audio', fold: 1, label: 'rain' },
      { audio: 'audio', fold: 2, label: 'sea_waves' },
    ],
  )
  const { place, id, split, labelField } = rows[2] as (typeof rows)[0]
  assert.deepEqual([place.part, id, split, labelField], ['row 3', 'train-00000-of-00001:3', 'train', 'label'])
  assert.deepEqual(await Promise.all(rows.map(({ audios }) => toneOf(audios.get('audio')))), [0, 1, 2])
})

test('several audios in a row, and none', async () => {
  const [two, none] = await records(fixture('several.parquet'))
  assert.deepEqual([two?.fields.audios, none?.fields.audios], [['audios.0', 'audios.1'], []])
  assert.equal(await toneOf(two?.audios.get('audios.1')), 1)
})

test('audio may be bytes alone, whose pages are read in parts where they are indexed', async () => {
  const rows = await records(fixture('indexed.parquet'))
  assert.equal(rows.length, 16)
  assert.deepEqual([rows[4]?.fields.label, await toneOf(rows[4]?.audios.get('audio'))], ['rain', 4])
  assert.deepEqual([rows[15]?.fields.label, await toneOf(rows[15]?.audios.get('audio'))], ['dog', 0])

  const bytes = await readFile(fixture('indexed.parquet'))
  let read = 0
  const buffer = {
    byteLength: bytes.length,
    async slice(start: number, end = bytes.length) {
      read += end - start
      return Uint8Array.from(bytes.subarray(start, end)).buffer
    },
  }
  const parquet = await ParquetFile.open('indexed.parquet', buffer)
  assert.deepEqual(parquet.blockAround(9, 'audio'), { start: 0, end: 16 })
  const cost = async (start: number, end: number) => {
    read = 0
    assert.equal((await parquet.rows({ start, end }, ['audio'])).length, end - start)
    return read
  }
  const [part, whole] = [await cost(8, 9), await cost(0, 16)]
  assert.ok(part < 0.6 * whole, `${part} of ${whole} bytes for one row`)
})

test('rows drawn in any order read a block once', async () => {
  let weighed = 0
  const recent = new Recent<Block>(1e6, (block) => {
    weighed++
    return weighBlock(block)
  })
  const rows = await all(parquetRecords(fixture('labelled/train-00000-of-00001.parquet'), { recent }))
  const parquet = await ParquetFile.open(fixture('labelled/train-00000-of-00001.parquet'))
  assert.deepEqual(parquet.blockAround(1, 'audio'), { start: 0, end: 2 })
  assert.deepEqual(parquet.blockAround(2, 'audio'), { start: 2, end: 3 })
  const opened = await Promise.all([1, 0, 1, 0].map((row) => rows[row]?.audios.get('audio')?.open()))
  assert.equal(opened[0], opened[2]) // The same bytes in memory.
  assert.equal(weighed, 4)
})

test('a path in place of bytes is relative to the file; what is not there is told with row and column', async () => {
  const [there, gone, nothing] = await records(fixture('paths.parquet'))
  assert.equal(await toneOf(there?.audios.get('audio')), 0)
  const open = (row: typeof there) => row?.audios.get('audio')?.open() ?? Promise.resolve()
  await assert.rejects(open(gone), /paths\.parquet, row 2, column audio: .*no file .*none\.flac\n.*relative/)
  await assert.rejects(open(nothing), /paths\.parquet, row 3, column audio: .*got neither/)
})

test('what is not audio, and a number without a label, are told', async () => {
  await assert.rejects(
    records(fixture('decoded.parquet')),
    /decoded\.parquet, column audio: expected audio.*got \{array, sampling_rate\}/,
  )
  await assert.rejects(records(fixture('questions.parquet'), 'sound'), /"sound", got id, messages, audio/)
  await assert.rejects(
    records(fixture('questions.parquet'), 'messages'),
    /column messages: .*got a list of \{role/,
  )
  const labels = await records(fixture('unlabelled.parquet'))
  assert.deepEqual(
    labels.map(({ fields }) => fields.label),
    [3, undefined],
  )
})

test('a damaged file is told, never a stack', async () => {
  const whole = await readFile(fixture('labelled/train-00000-of-00001.parquet'))
  const bad = async (bytes: Uint8Array) => {
    const path = join(await folder(), 'bad.parquet')
    await writeFile(path, bytes)
    return records(path)
  }
  await assert.rejects(records('none.parquet'), /none\.parquet: expected a parquet file, got no such file$/)
  await assert.rejects(bad(whole.subarray(0, 5)), /bad\.parquet: expected a parquet file, got 5 bytes/)
  await assert.rejects(bad(Buffer.alloc(100, 'x')), /got one that begins with "xxxx"/)
  await assert.rejects(bad(whole.subarray(0, 3000)), /bad\.parquet: expected PAR1 at the end.*cut short/)
  const encrypted = Buffer.from(whole)
  encrypted.write('PARE', whole.length - 4)
  await assert.rejects(bad(encrypted), /got an encrypted one/)
  // A footer whose data are gone, and one that lies about its own length.
  const footer = whole.readUInt32LE(whole.length - 8) + 8
  await assert.rejects(
    bad(Buffer.concat([whole.subarray(0, 4), whole.subarray(whole.length - footer)])),
    /expected at least \d+ bytes.*cut short|can be read/,
  )
  const lying = Buffer.from(whole)
  lying.writeUInt32LE(0xfffffff0, whole.length - 8)
  await assert.rejects(bad(lying), /bad\.parquet: expected a parquet file that can be read: /)
  const noise = Buffer.from(whole)
  noise.fill(0xa5, whole.length - footer, whole.length - 8)
  await assert.rejects(bad(noise), /bad\.parquet: /)
})
