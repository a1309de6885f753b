import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { add } from '../graph/elementwise.js'
import { sum } from '../graph/reduce.js'
import { Graph } from '../graph/tensor.js'
import { Arena } from './arena.js'
import type { Value } from './protocol.js'
import { type Program, Runtime } from './runtime.js'

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

test('an arena that is called home while a run has it comes home with the run', async () => {
  const arena = numbers(1, 2, 3, 4)
  const running = (await twice(runtime)).run({}, arena)
  assert.throws(() => arena.flat, /the runtime has its memory; await home\(\) first/)
  await Promise.all([arena.home(), arena.home()])
  assert.deepEqual(arena.flat, Float32Array.of(1, 2, 3, 4))
  assert.deepEqual((await running).outputs.y?.data, Float32Array.of(2, 4, 6, 8))
})

test('runs on one arena take turns', async () => {
  const [reading, writing] = [await twice(runtime), await doubling(runtime)]
  const arena = numbers(1, 2, 3, 4)
  const results = await Promise.all([
    reading.run({}, arena),
    writing.run({}, arena, { keep: true }),
    reading.run({}, arena),
    writing.run({}, arena, { keep: true }),
  ])
  assert.deepEqual(
    results.map(({ outputs }) => outputs.y?.data),
    [Float32Array.of(2, 4, 6, 8), undefined, Float32Array.of(4, 8, 12, 16), undefined],
  )
  await Promise.all([arena.home(), arena.home()])
  assert.deepEqual(arena.flat, Float32Array.of(4, 8, 12, 16))
})

test('memory that one runtime keeps comes home before another has it', async () => {
  const other = await Runtime.start({ threads: 1 })
  const arena = numbers(1, 2, 3, 4)
  await (await doubling(runtime)).run({}, arena, { keep: true })
  await (await doubling(other)).run({}, arena, { keep: true })
  await arena.home()
  assert.deepEqual(arena.flat, Float32Array.of(4, 8, 12, 16))
  await other.close()
})

test('a run that fails gives the memory back', async () => {
  const released = await doubling(runtime)
  await released.release()
  const arena = numbers(1, 2, 3, 4)
  await assert.rejects(released.run({}, arena, { keep: true }), /is not compiled or was released/)
  assert.deepEqual(arena.flat, Float32Array.of(1, 2, 3, 4))
})

test('a run that cannot be posted leaves the memory where it was', async () => {
  const arena = numbers(1, 2, 3, 4)
  const graph = new Graph()
  const y = add(graph.input('x', [4]), graph.input('z', [4]))
  const program = await runtime.compile({ y })
  await assert.rejects(program.run({ z: detached() }, arena), { name: 'DataCloneError' })
  const z = Float32Array.of(10, 20, 30, 40)
  assert.deepEqual((await program.run({ z }, arena)).outputs.y?.data, Float32Array.of(11, 22, 33, 44))

  const closed = await Runtime.start({ threads: 1 })
  const late = await twice(closed)
  await closed.close()
  await assert.rejects(late.run({}, arena), /the runtime is closed/)
  assert.deepEqual(arena.flat, Float32Array.of(1, 2, 3, 4))
})

test('what ended with its runtime is not called home', async () => {
  const closed = await Runtime.start({ threads: 1 })
  const arena = numbers(1, 2, 3, 4)
  await (await doubling(closed)).run({}, arena, { keep: true })
  await closed.close()
  await assert.rejects(arena.home(), /the runtime is closed/)
  assert.throws(() => arena.flat, /the runtime has its memory/)
})

test('a request that cannot be posted does not keep the process alive', () => {
  const helper = fileURLToPath(new URL('./unposted.test.helper.js', import.meta.url))
  const { status, signal, stderr } = spawnSync(process.execPath, [helper], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
})

test('a runtime says what its rounding depends on', async () => {
  assert.match(runtime.rounding, /^ONNX Runtime \d+\.\d+\.\d+, cpu, 1 threads, \w+ \w+ ./)
  const others = await Runtime.start({ threads: 2 })
  assert.notEqual(others.rounding, runtime.rounding)
  await others.close()
})

test('an output is written over what it was read from, and the next run reads it there', async () => {
  const graph = new Graph()
  const y = add(graph.input('x', [4]), graph.input('by', [1]))
  const outputs = { y, sum: sum(y, [0]) }
  const program = await runtime.compile(outputs, { inPlace: { y: 'x' } })
  const arena = numbers(1, 2, 3, 4)
  const sums: (Value['data'] | undefined)[] = []
  for (const n of [10, 20, 30]) {
    const { outputs } = await program.run({ by: Float32Array.of(n) }, arena, { keep: true })
    assert.deepEqual(Object.keys(outputs), ['sum'])
    sums.push(outputs.sum?.data)
  }
  assert.throws(() => arena.flat, /the runtime has its memory; await home\(\) first/)
  assert.deepEqual(sums, [Float32Array.of(50), Float32Array.of(130), Float32Array.of(250)])
  await arena.home()
  assert.deepEqual(arena.flat, Float32Array.of(61, 62, 63, 64))

  await program.run({ by: Float32Array.of(1) }, arena)
  assert.deepEqual(arena.flat, Float32Array.of(62, 63, 64, 65))

  const whole = await program.run({ x: Float32Array.of(1, 2, 3, 4), by: Float32Array.of(1) })
  assert.deepEqual(whole.outputs.y?.data, Float32Array.of(2, 3, 4, 5))
})

test('what is written in place must be there on both sides', async () => {
  const x = new Graph().input('x', [4])
  const y = add(x, x)
  await assert.rejects(
    runtime.compile({ y }, { inPlace: { z: 'x' } }),
    /compile: no output "z" to be written in place/,
  )
  const program = await runtime.compile({ y }, { inPlace: { y: 'past' } })
  const arena = numbers(1, 2, 3, 4)
  await assert.rejects(
    program.run({}, arena, { keep: true }),
    /ONNX Runtime: expected an arena with "past", which "y" is written over/,
  )
  assert.deepEqual(arena.flat, Float32Array.of(1, 2, 3, 4))
})

test('memory that went to and fro is written where it lies now', async () => {
  const program = await doubling(runtime)
  const arena = numbers(1, 2, 3, 4)
  for (let i = 0; i < 3; i++) {
    await program.run({}, arena, { keep: true })
    await arena.home()
  }
  assert.deepEqual(arena.flat, Float32Array.of(8, 16, 24, 32))
})

test('several runtimes compile at once', async () => {
  const runtimes = await Promise.all([1, 2, 3].map(() => Runtime.start({ threads: 1 })))
  const results = await Promise.all(
    runtimes.flatMap((one) =>
      [1, 2, 3, 4].map(async (n) => {
        const y = add(new Graph().input('x', [1]), n)
        const program = await one.compile({ y }, { purpose: 'training' })
        return (await program.run({ x: Float32Array.of(1) })).outputs.y?.data[0]
      }),
    ),
  )
  assert.deepEqual(results, [...[2, 3, 4, 5], ...[2, 3, 4, 5], ...[2, 3, 4, 5]])
  for (const one of runtimes) await one.close()
})

/** y = x + x, where x is the arena's. */
function twice(where: Runtime): Promise<Program> {
  const x = new Graph().input('x', [4])
  return where.compile({ y: add(x, x) })
}

/** Writes that over x. */
function doubling(where: Runtime): Promise<Program> {
  const x = new Graph().input('x', [4])
  return where.compile({ y: add(x, x) }, { inPlace: { y: 'x' } })
}

function numbers(...x: readonly number[]): Arena {
  const arena = new Arena([{ name: 'x', shape: [x.length] }])
  arena.flat.set(x)
  return arena
}

/** Numbers that were transferred elsewhere: nothing can be posted with them. */
function detached(): Float32Array {
  const numbers = new Float32Array(4)
  structuredClone(numbers, { transfer: [numbers.buffer] })
  return numbers
}
