import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixture, folder, signed, tarEnd, tarMember } from './shards.test.helper.js'
import { tarMembers } from './tar-members.js'

async function archive(...parts: Uint8Array[]): Promise<string> {
  const path = join(await folder(), 'a.tar')
  await writeFile(path, Buffer.concat(parts))
  return path
}

async function members(path: string) {
  const found = []
  for await (const member of tarMembers(path)) found.push(member)
  return found
}

test("webdataset's archive is read, long names and all", async () => {
  const first = await members(fixture('wds/train-000.tar'))
  assert.deepEqual(
    first.map(({ name }) => name),
    ['a/0000.cls', 'a/0000.flac', 'a/0000.json', 'a/0001.cls', 'a/0001.flac', 'a/0001.json'],
  )
  const bytes = await readFile(fixture('wds/train-000.tar'))
  const { offset, size } = first[1] as { offset: number; size: number }
  assert.equal(bytes.subarray(offset, offset + 4).toString(), 'fLaC')
  assert.deepEqual(bytes.subarray(offset, offset + size), await readFile(fixture('sounds/0.flac')))
  const [long] = await members(fixture('wds/train-001.tar'))
  assert.equal(long?.name, `b/${'long-'.repeat(30)}name.cls`)
})

test('names in the ways of ustar, pax and GNU; sizes in binary; folders passed over', async () => {
  const prefixed = tarMember('name.txt', 'a')
  prefixed.write('some/folder', 345)
  signed(prefixed.subarray(0, 512))
  const binary = tarMember('binary.txt', 'four')
  binary.fill(0, 124, 136)
  binary[124] = 0x80
  binary[135] = 4
  signed(binary.subarray(0, 512))
  const path = await archive(
    tarMember('pax_global_header', '18 comment=unused\n', 'g'),
    tarMember('folder/', '', '5'),
    prefixed,
    tarMember('././@LongLink', `${'g'.repeat(120)}.txt\0`, 'L'),
    tarMember('cut', 'b'),
    tarMember('PaxHeader', `30 path=grüße/${'x'.repeat(9)}.txt\n`, 'x'),
    tarMember('ascii', 'c'),
    binary,
    tarMember('./dotted.txt', '', '\0'),
    tarEnd,
  )
  const found = await members(path)
  assert.deepEqual(
    found.map(({ name, size }) => [name, size]),
    [
      ['some/folder/name.txt', 1],
      [`${'g'.repeat(120)}.txt`, 1],
      [`grüße/${'x'.repeat(9)}.txt`, 1],
      ['binary.txt', 4],
      ['dotted.txt', 0],
    ],
  )
})

test('an archive that is cut short, wherever, is told with what is missing', async () => {
  const whole = Buffer.concat([tarMember('a.txt', 'x'.repeat(700)), tarMember('b.txt', 'y'), tarEnd])
  for (const length of [0, 100, 600, 1300, 1536, 1800, 2560]) {
    const path = await archive(whole.subarray(0, length))
    await assert.rejects(
      members(path),
      /a\.tar: expected at least \d+ bytes, got \d+: .*cut short/,
      `${length}`,
    )
  }
  assert.equal((await members(await archive(whole))).length, 2)
})

test('what is no archive, or a damaged one, is told', async () => {
  await assert.rejects(members('none.tar'), /none\.tar: expected a tar archive, got no such file/)
  await assert.rejects(
    members(await archive(Buffer.alloc(600, 'no'))),
    /expected a tar archive, got something/,
  )
  const gzip = Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(600, 'z')])
  await assert.rejects(members(await archive(gzip)), /got a gzip archive\nUnpack/)
  const broken = tarMember('b.txt', 'b')
  broken[3] = 0x21
  await assert.rejects(
    members(await archive(tarMember('a', 'a'), broken, tarEnd)),
    /checksum is wrong at byte 1024/,
  )
  await assert.rejects(members(await archive(tarMember('l', '', '2'), tarEnd)), /a\.tar, l: .*link or device/)
  const sizeless = tarMember('s', '')
  sizeless.write('zzzz', 124)
  signed(sizeless)
  await assert.rejects(members(await archive(sizeless, tarEnd)), /a member without a size at byte 0/)
})
