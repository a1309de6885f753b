import assert from 'node:assert/strict'
import { test } from 'node:test'
import { launchOf, threadsOf } from './launch.js'

test('a process that no mpirun has started, or alone, is not launched', () => {
  assert.equal(launchOf({}), undefined)
  assert.equal(launchOf({ OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0' }), undefined)
  assert.equal(launchOf({ PMI_SIZE: '1' }), undefined)
})

test("Open MPI's mpirun tells rank, size and the ranks of the machine", () => {
  const env = { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '3', OMPI_COMM_WORLD_LOCAL_SIZE: '2' }
  assert.deepEqual(launchOf(env), { rank: 3, size: 4, localSize: 2 })
})

test("another MPI's processes are not taken for single ones", () => {
  assert.throws(
    () => launchOf({ PMI_SIZE: '2', PMI_RANK: '0' }),
    /PMI_SIZE: expected the mpirun of Open MPI, got 2/,
  )
})

test('more ranks than cores still have a thread each', () => {
  assert.equal(threadsOf({ rank: 0, size: 1000, localSize: 1000 }), 1)
})
