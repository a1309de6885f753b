import assert from 'node:assert/strict'
import { open, truncate } from 'node:fs/promises'
import { test } from 'node:test'
import { PalError } from '../errors.js'
import { openGguf, readGgufTensor } from './gguf.js'
import {
  floats,
  ggufBytes,
  list,
  type Parts,
  type TensorBytes,
  text,
  uint,
  type Value,
} from './gguf.test.helper.js'
import { parseGguf } from './gguf-header.js'
import { temporaryFolder, writeBytes } from './weights.test.fixtures.js'

const write = (parts: Parts) => writeBytes(ggufBytes(parts), 'model.gguf')

test('names, shapes, numbers and metadata are read', async () => {
  const metadata: Parts['metadata'] = [
    ['text', text('ä')],
    ['whole', uint(7)],
    ['true', [7, true]],
    ['large', [10, 2n ** 60n]],
    ['small', [10, 5n]],
    ['texts', list(8, ['a', 'b'])],
    ['__proto__', list(5, [-1, 2])],
    ['nested', [9, [list(8, ['x']), list(8, [])]]],
  ]
  const tensors: Parts['tensors'] = [
    ['__proto__', floats([2, 3], [1, 2, 3, 4, 5, 6])],
    ['empty', floats([0, 4], [])],
    ['scalar', floats([], [9])],
  ]
  const gguf = await openGguf(await write({ metadata, tensors }))
  assert.deepEqual(
    [...gguf.metadata.values()],
    ['ä', 7, true, 2n ** 60n, 5, ['a', 'b'], Int32Array.of(-1, 2), [['x'], new Uint32Array()]],
  )
  const shapes = [...gguf.tensors.values()].map(({ name, shape }) => [name, shape])
  assert.deepEqual(shapes, [
    ['__proto__', [2, 3]],
    ['empty', [0, 4]],
    ['scalar', []],
  ])
  assert.deepEqual([...(await readGgufTensor(gguf.tensors.get('__proto__')!))], [1, 2, 3, 4, 5, 6])
})

test('malformed headers are refused by file and key or tensor', async () => {
  const w = (more: Partial<TensorBytes>): Parts => ({ tensors: [['w', { ...floats([2], [1, 2]), ...more }]] })
  const entry = (...value: Value): Parts => ({ metadata: [['k', value]] })
  const deep = Array.from({ length: 4 }).reduce<Value>((inner) => [9, [inner]], uint(1))
  const two = floats([8], [1, 2, 3, 4, 5, 6, 7, 8])
  const cases: readonly (readonly [Parts | Buffer, RegExp])[] = [
    [{ magic: 'GGML' }, /expected a GGUF file, which begins with "GGUF"/],
    [{ version: 1 }, /version 2 or 3, got 1\n/],
    [{ version: 3 * 2 ** 24 }, /big-endian/],
    [Buffer.from('GG'), /the first four bytes: expected 4 bytes at byte 0, got a file of 2 bytes/],
    [{ counts: [2n ** 63n, 0] }, /tensors: expected a size below 2\^53/],
    [
      { counts: [0, 2 ** 40] },
      /entries: expected at most as many as fit into the file's \d+ bytes, got 1099511627776/,
    ],
    [
      {
        metadata: [
          ['k', uint(1)],
          ['k', uint(2)],
        ],
      },
      /k: expected each key once/,
    ],
    [entry(13, 1), /k: expected a type of value up to 12, got 13/],
    [entry(7, 2), /k: expected a truth value of 0 or 1, got 2/],
    [entry(...deep), /k: expected lists at most 3 deep/],
    [
      { metadata: [['general.alignment', uint(0)]] },
      /general\.alignment: expected a power of two, 1 MiB at most, got 0/,
    ],
    [{ metadata: [['general.alignment', uint(24)]] }, /power of two/],
    [{ metadata: [['general.alignment', text('x'.repeat(1000))]] }, /got "x{120}…"$/],
    [
      {
        tensors: [
          ['w', two],
          ['w', two],
        ],
      },
      /tensor "w": expected each tensor once/,
    ],
    [w({ sizes: [1, 1, 1, 1, 1] }), /tensor "w": expected at most 4 dimensions, got 5/],
    [w({ sizes: [2n ** 63n] }), /tensor "w": expected a size below 2\^53/],
    [w({ sizes: [2 ** 40, 2 ** 40, 0] }), /tensor "w": expected a shape whose size can be counted/],
    [w({ type: 18 }), /tensor "w": expected a type that can be read \(F32, .*got IQ3_XXS/],
    [w({ type: 99 }), /got type 99/],
    [w({ type: 12 }), /tensor "w": expected rows of whole Q4_K blocks of 256, got rows of 2/],
    [
      w({ sizes: [100] }),
      /tensor "w": expected its data to end at byte \d+, got a file of \d+ bytes\n.*cut short/,
    ],
    [w({ offset: 32 }), /tensor "w": .*leaving a hole/],
    [w({ offset: 2 ** 53 }), /expected a size below 2\^53/],
    [
      {
        tensors: [
          ['a', two],
          ['b', { ...two, offset: 0 }],
        ],
      },
      /tensor "b": .*overlapping the tensor before it/,
    ],
    [Buffer.concat([ggufBytes(w({})), Buffer.alloc(64)]), /expected the file to end after its last tensor/],
    [
      Buffer.from(
        ggufBytes({ metadata: [['kk', uint(1)]] })
          .toString('latin1')
          .replace('kk', '\xff\xff'),
        'latin1',
      ),
      /UTF-8/,
    ],
    [
      { metadata: [['split.count', uint(3)]] },
      /split\.count: expected a model in one file, got one part of 3/,
    ],
  ]
  for (const [parts, message] of cases) {
    const path = await writeBytes(Buffer.isBuffer(parts) ? parts : ggufBytes(parts), 'model.gguf')
    await assert.rejects(openGguf(path), (error) => {
      assert.ok(error instanceof PalError, String(error))
      assert.match(error.message, /model\.gguf/)
      assert.match(error.message, message)
      return true
    })
  }
  await assert.rejects(openGguf(await temporaryFolder()), /expected a GGUF file, got a folder/)
  await assert.rejects(openGguf('none.gguf'), /none\.gguf: expected a GGUF file, got no such file/)
})

test('a file that is cut short anywhere is refused', () => {
  const metadata = [['k', text('value')]] as const
  const bytes = ggufBytes({ metadata, tensors: [['w', floats([8], [1, 2, 3, 4, 5, 6, 7, 8])]] })
  for (let size = 0; size < bytes.length; size++) {
    assert.throws(() => parseGguf(bytes.subarray(0, size), 'x', size), PalError)
    if (size < 80) assert.equal(parseGguf(bytes.subarray(0, size), 'x', bytes.length), undefined)
  }
})

test('tensors beyond 4 GiB are read where they lie', async () => {
  const size = 5 * 2 ** 30
  const header = ggufBytes({
    tensors: [
      ['big', { sizes: [size / 4], type: 0, data: new Uint8Array() }],
      ['last', { sizes: [1], type: 0, data: new Uint8Array(), offset: size }],
    ],
  })
  const path = await writeBytes(header, 'model.gguf')
  const file = await open(path, 'r+') // sparse: takes no room on the disk
  await file.write(Uint8Array.of(0, 0, 0x80, 0x3f), 0, 4, header.length + size)
  await file.close()
  const { tensors } = await openGguf(path)
  assert.deepEqual([...(await readGgufTensor(tensors.get('last')!))], [1])
  await truncate(path, 0)
})
