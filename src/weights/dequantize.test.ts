import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGguf, readGgufTensor } from './gguf.js'
import { fixture } from './gguf.test.helper.js'
import { ggufTypes } from './gguf-types.js'
import { openSafetensors, readTensor } from './safetensors.js'

/** Fixtures by reference/gguf_fixture.py. */
test('every type of tensor is dequantised to the same bits as by the gguf package', async (context) => {
  const gguf = await openGguf(fixture('quantized.gguf'))
  const expected = (await openSafetensors(fixture('quantized.safetensors'))).tensors
  const types = Object.values(ggufTypes).map(({ name }) => name)
  assert.deepEqual([...gguf.tensors.keys()].sort(), [...types].sort())
  for (const [name, tensor] of gguf.tensors) {
    await context.test(name, async () => {
      const reference = expected.get(name)
      assert.ok(reference)
      assert.equal(tensor.dtype, name)
      assert.deepEqual(tensor.shape, reference.shape)
      const [ours, theirs] = [await readGgufTensor(tensor), await readTensor(reference)]
      assert.deepEqual(new Uint32Array(ours.buffer), new Uint32Array(theirs.buffer))
    })
  }
})

test('metadata as the gguf package writes it', async () => {
  const { metadata } = await openGguf(fixture('quantized.gguf'))
  assert.equal(metadata.get('general.architecture'), 'none')
  assert.equal(metadata.get('test.text'), 'ä 🐕')
  assert.deepEqual(metadata.get('test.numbers'), Int32Array.of(1, 2, 3))
})
