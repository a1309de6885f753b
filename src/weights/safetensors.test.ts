import assert from 'node:assert/strict'
import { open, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { PalError } from '../errors.js'
import { Random } from '../random.js'
import { openSafetensors, readTensor, writeSafetensors } from './safetensors.js'
import { fileBytes, temporaryFolder, writeBytes } from './weights.test.fixtures.js'

const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => i - count / 2)

async function read(path: string, name: string): Promise<Float32Array> {
  const tensor = (await openSafetensors(path)).tensors.get(name)
  assert.ok(tensor)
  return readTensor(tensor)
}

test('what is written is read back: names, shapes, numbers and metadata', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  const tensors = [
    { name: 'scalar', shape: [], data: Float32Array.of(0.1) },
    { name: 'empty', shape: [0, 3], data: new Float32Array() },
    { name: '重み "w"', shape: [2, 3], data: numbers(6) },
    { name: '__proto__', shape: [5, 16], data: numbers(80) },
    { name: 'half', shape: [3], data: numbers(3), dtype: 'F16' as const },
  ]
  await writeSafetensors(path, tensors, { step: '7' })
  const file = await openSafetensors(path)
  assert.deepEqual(file.metadata, { step: '7' })
  assert.deepEqual([...file.tensors.keys()].sort(), tensors.map(({ name }) => name).sort())
  for (const { name, shape, data } of tensors) {
    assert.deepEqual(file.tensors.get(name)?.shape, shape)
    assert.deepEqual(await read(path, name), data)
  }
})

test('tensors of whole 64-byte blocks lie at multiples of 64, all others at multiples of their type', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  const sizes = [1, 32, 3, 16, 8, 2, 64]
  await writeSafetensors(
    path,
    sizes.flatMap((size) => [
      { name: `half ${size}`, shape: [size], data: numbers(size), dtype: 'F16' as const },
      { name: `full ${size}`, shape: [size], data: numbers(size) },
    ]),
  )
  for (const { offset, byteLength, dtype } of (await openSafetensors(path)).tensors.values()) {
    assert.equal(offset % (byteLength % 64 === 0 ? 64 : dtype === 'F32' ? 4 : 2), 0)
  }
})

test('views into larger buffers are written as they are seen', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeSafetensors(path, [{ name: 'view', shape: [3], data: numbers(10).subarray(4, 7) }])
  assert.deepEqual(await read(path, 'view'), numbers(10).slice(4, 7))
})

test('a failed write leaves the old file and nothing else', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeSafetensors(path, [{ name: 'a', shape: [2], data: numbers(2) }])
  const before = await readFile(path)
  const write = (shape: number[], data: Float32Array, dtype: 'F16' | 'F32' = 'F32') =>
    writeSafetensors(path, [{ name: 'bad', shape, data, dtype }])
  await assert.rejects(write([3], numbers(2)), /bad: expected 3 numbers for shape \[3\], got 2/)
  await assert.rejects(write([-1, -2], numbers(2)), /bad: /)
  await assert.rejects(write([1], Float32Array.of(1e5), 'F16'), /bad: .*65504.*100000\n.*F32/)
  const twice = { name: 'a', shape: [1], data: numbers(1) }
  await assert.rejects(writeSafetensors(path, [twice, twice]), /a: expected each name once/)
  assert.deepEqual(await readFile(path), before)
  assert.deepEqual(await readdir(dirname(path)), ['model.safetensors'])
})

test('bfloat16 and float16 of a foreign file are widened exactly, at any offset', async () => {
  const path = await writeBytes(
    fileBytes(
      {
        odd: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
        brain: { dtype: 'BF16', shape: [2], data_offsets: [1, 5] },
        half: { dtype: 'F16', shape: [1, 2], data_offsets: [5, 9] },
      },
      Uint8Array.of(9, 0x80, 0x3f, 0x49, 0xc0, 0x00, 0x3c, 0x01, 0x00),
    ),
  )
  assert.deepEqual([...(await read(path, 'brain'))], [1, -3.140625])
  assert.deepEqual([...(await read(path, 'half'))], [1, 2 ** -24])
  await assert.rejects(read(path, 'odd'), /odd: expected a tensor of F32, F16, BF16 or I8, got U8/)
})

test('int8 of a foreign file', async () => {
  const header = { i: { dtype: 'I8', shape: [3], data_offsets: [0, 3] } }
  assert.deepEqual(
    [...(await read(await writeBytes(fileBytes(header, Uint8Array.of(1, 128, 255))), 'i'))],
    [1, -128, -1],
  )
})

test('text that is not UTF-8 is refused', async () => {
  const bytes = fileBytes('{"w":1}')
  bytes[10] = 0xff
  await assert.rejects(openSafetensors(await writeBytes(bytes)), /header of JSON in UTF-8/)
})

test('malformed headers are refused by file and tensor', async () => {
  const tensor = (more: object) => ({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...more } })
  const cases: [string | object, RegExp][] = [
    ['{"w": ', /safetensors header of JSON/],
    ['[]', /one JSON object/],
    [`${'['.repeat(50_000)}`, /header of JSON/],
    [{ w: null }, /tensor "w": expected an object/],
    [tensor({ dtype: 'F8' }), /tensor "w": expected dtype to be one of F32, .* got "F8"/],
    [tensor({ dtype: 'constructor' }), /got "constructor"/],
    [tensor({ shape: [-2] }), /tensor "w": expected a shape of whole numbers, got \[-2\]/],
    [tensor({ shape: [1.5] }), /shape of whole numbers/],
    [tensor({ shape: [3] }), /tensor "w": expected 12 bytes for shape \[3\] of F32, got "bytes 0 to 8"/],
    [tensor({ shape: [2 ** 30, 2 ** 30, 0], data_offsets: [0, 0] }), /size can be counted/],
    [tensor({ data_offsets: [-8, 0] }), /tensor "w": expected data_offsets/],
    [tensor({ data_offsets: [8, 0] }), /expected 8 bytes/],
    [tensor({ data_offsets: [0, 8, 9] }), /data_offsets/],
    [tensor({ shape: [4], data_offsets: [0, 16] }), /tensor "w": .* got a file of \d+ bytes\n.*cut short/],
    [tensor({ shape: [1], data_offsets: [0, 4] }), /end after its last tensor/],
    [tensor({ shape: [1], data_offsets: [4, 8] }), /tensor "w": .*leaving a hole/],
    [{ ...tensor({}), x: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, /tensor "x": .*overlapping/],
    [
      '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0077" : {"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
      /tensor "w": .*twice/,
    ],
    ['{"w":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}', /"dtype".*twice/],
    [{ ...tensor({}), __metadata__: { step: 7 } }, /__metadata__: expected texts/],
    ['{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,1e999]}}', /data_offsets to be two whole numbers/],
    ['{"w":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', /safetensors header of JSON/],
    [
      `{"w":{"dtype":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
      /tensor "w": expected dtype .*\[\[\[\[…\]\]\]\]$/,
    ],
    [`{"w":{"dtype":"${'x'.repeat(10_000)}"}}`, /got "x{120}…"$/],
    [`{"${'x'.repeat(10_000)}":1}`, /tensor "x{120}…": expected an object/],
    [
      { ...tensor({}), __metadata__: { a: { b: 1 } } },
      /__metadata__: expected texts by name, got {"a":{"b":1}}/,
    ],
    [
      '{"__proto__":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
      /tensor "__proto__": expected 12 bytes/,
    ],
  ]
  for (const [header, message] of cases) {
    const path = await writeBytes(fileBytes(header, new Uint8Array(8)))
    await assert.rejects(openSafetensors(path), (error) => {
      assert.ok(error instanceof PalError)
      assert.match(error.message, /model\.safetensors/)
      assert.match(error.message, message)
      return true
    })
  }
})

test('a header length beyond the file allocates nothing', async () => {
  for (const length of [1n, 2n ** 40n, 2n ** 64n - 1n]) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(length)
    await assert.rejects(openSafetensors(await writeBytes(bytes)), new RegExp(`got a length of ${length}`))
  }
  await assert.rejects(openSafetensors(await writeBytes(new Uint8Array(7))), /at least 8 bytes, got 7/)
  await assert.rejects(openSafetensors(await temporaryFolder()), /expected a safetensors file, got a folder/)
  await assert.rejects(
    openSafetensors('none.safetensors'),
    /none\.safetensors: expected a safetensors file, got no such file$/,
  )
})

test('a file that has become shorter since it was opened is an error', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeSafetensors(path, [{ name: 'w', shape: [64], data: numbers(64) }])
  const tensor = (await openSafetensors(path)).tensors.get('w')
  assert.ok(tensor)
  await truncate(path, tensor.offset + 100)
  await assert.rejects(readTensor(tensor), /got 100\n.*shorter/)
})

test('tensors beyond 4 GiB are read where they lie', async () => {
  const size = 5 * 2 ** 30
  const header = fileBytes({
    big: { dtype: 'U8', shape: [size], data_offsets: [0, size] },
    last: { dtype: 'F32', shape: [1], data_offsets: [size, size + 4] },
  })
  const path = await writeBytes(header)
  const file = await open(path, 'r+') // sparse: takes no room on the disk
  await file.write(Uint8Array.of(0, 0, 0x80, 0x3f), 0, 4, header.length + size)
  await file.close()
  assert.deepEqual([...(await read(path, 'last'))], [1])
  await truncate(path, 0)
})

test('damaged files: an error that names the file, or tensors that lie inside it', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeSafetensors(
    path,
    [
      { name: 'a', shape: [2, 3], data: numbers(6) },
      { name: 'b', shape: [4], data: numbers(4), dtype: 'F16' },
    ],
    { step: '1' },
  )
  const good = await readFile(path)
  const random = new Random('safetensors', 1)
  let opened = 0
  for (let round = 0; round < 1500; round++) {
    const bytes = damaged(good, random)
    await writeFile(path, bytes)
    try {
      const file = await openSafetensors(path)
      for (const tensor of file.tensors.values()) {
        assert.ok(tensor.offset >= 8 && tensor.offset + tensor.byteLength <= bytes.length)
        if (tensor.dtype.includes('F')) await readTensor(tensor)
      }
      opened++
    } catch (error) {
      if (!(error instanceof PalError)) throw error
      assert.ok(error.message.startsWith(path))
    }
  }
  assert.ok(opened > 0 && opened < 1500)
})

/** A few bytes changed, most often in the header, to any byte or to one that JSON gives a meaning; or a cut. */
function damaged(good: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(good)
  for (let i = random.integer(4); i >= 0; i--) {
    const at = random.integer(random.chance(0.2) ? 8 : bytes.length)
    bytes[at] = random.chance(0.5) ? random.integer(256) : random.pick([...Buffer.from('0129-.e{}[]",:\\ ')])
  }
  return random.chance(0.1) ? bytes.slice(0, random.integer(bytes.length)) : bytes
}
