import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mpirun, mpirunMissing } from './mpirun.test.helper.js'
import { loadOpenMpi } from './open-mpi.js'

test('a library that is not there is named', async () => {
  await assert.rejects(
    loadOpenMpi('/none.so'),
    /expected Open MPI's library, got none: .*\n.*apt install.*PAL_MPI/,
  )
})

test('a library of another kind is not taken for it', { skip: process.platform !== 'linux' }, async () => {
  await assert.rejects(
    loadOpenMpi('libm.so.6'),
    /expected Open MPI, got an MPI library without "ompi_mpi_comm_world"/,
  )
})

const openRanks = new URL('./open-ranks.js', import.meta.url).href
const gatherFrom = new URL('./ranks.js', import.meta.url).href
const script = `
  const { openRanks } = await import(${JSON.stringify(openRanks)})
  const { gather } = await import(${JSON.stringify(gatherFrom)})
  const ranks = await openRanks()
  const floats = Float32Array.from({ length: 3e5 }, (_, i) => i * 0.1 * (ranks.rank + 1))
  await ranks.sum(floats)
  const doubles = Float64Array.of(0.1 + ranks.rank)
  await ranks.sum(doubles)
  // V8 finds reads beyond a module's memory by a signal, which MPI must have left to it.
  const module = Uint8Array.of(0,97,115,109,1,0,0,0,1,6,1,96,1,127,1,127,3,2,1,0,5,3,1,0,1,7,5,1,1,102,0,0,10,9,1,7,0,32,0,40,2,0,11)
  const { instance } = await WebAssembly.instantiate(module)
  let trapped = false
  try { instance.exports.f(0x7fffffff) } catch { trapped = true }
  const said = await gather(ranks, { rank: ranks.rank, last: floats.at(-1), doubles: doubles[0], trapped })
  if (ranks.rank === 0) console.log(JSON.stringify(said))
  await ranks.close()`

test('two processes of one mpirun have their sums, in float32 and float64', {
  skip: await mpirunMissing(),
}, async () => {
  const argv = ['--input-type=module', '-e', script]
  const { code, stdout, stderr } = await mpirun([argv, argv]).ended
  assert.equal(code, 0, stderr)
  const last = Math.fround(Math.fround(299_999 * 0.1) + Math.fround(299_999 * 0.2))
  const same = { last, doubles: 1.2000000000000002, trapped: true }
  assert.deepEqual(JSON.parse(stdout), [
    { rank: 0, ...same },
    { rank: 1, ...same },
  ])
})
