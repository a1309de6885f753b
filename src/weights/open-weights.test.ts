import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openWeights } from './open-weights.js'
import { readTensor, writeSafetensors } from './safetensors.js'
import { temporaryFolder } from './weights.test.fixtures.js'

const tensor = (name: string, value: number) => ({ name, shape: [1], data: Float32Array.of(value) })

async function sharded(weightMap: unknown): Promise<string> {
  const folder = await temporaryFolder()
  await writeSafetensors(join(folder, 'one.safetensors'), [tensor('a', 1), tensor('b', 2)])
  await writeSafetensors(join(folder, 'two.safetensors'), [tensor('c', 3)])
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }))
  return folder
}

test('a single file is opened', async () => {
  const folder = await temporaryFolder()
  await writeSafetensors(join(folder, 'model.safetensors'), [tensor('a', 1)])
  assert.deepEqual([...(await openWeights(folder)).keys()], ['a'])
})

test('shards are joined, each tensor pointing into its own file', async () => {
  const weights = await openWeights(
    await sharded({ a: 'one.safetensors', b: 'one.safetensors', c: 'two.safetensors' }),
  )
  const values = await Promise.all([...weights.values()].map(readTensor))
  assert.deepEqual(
    values.map(([value]) => value),
    [1, 2, 3],
  )
})

test('an index that does not agree with its shards is refused', async () => {
  const opened = async (weightMap: unknown) => openWeights(await sharded(weightMap))
  await assert.rejects(opened({ a: 'one.safetensors' }), /index\.json: .*got "b" in one\.safetensors only/)
  await assert.rejects(
    opened({ a: 'one.safetensors', b: 'two.safetensors', c: 'two.safetensors' }),
    /expected tensor "b" in two\.safetensors/,
  )
  await assert.rejects(
    opened({ a: 'none.safetensors' }),
    /none\.safetensors: expected a safetensors file, got no such file$/,
  )
  await assert.rejects(opened({ a: '../one.safetensors' }), /weight_map, a: .*of this folder/)
  await assert.rejects(opened({ a: 1 }), /weight_map, a: .*got 1/)
  await assert.rejects(opened(undefined), /weight_map: expected the shard/)
  await assert.rejects(openWeights(await temporaryFolder()), /got neither/)
})
