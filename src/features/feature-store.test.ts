import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FeatureStore, featureFile } from './feature-store.js'

const MIB = 2 ** 20
const writer = fileURLToPath(new URL('./feature-store-writer.test.helper.js', import.meta.url))

test('what is put is found again, to the bit, also by another process', async () => {
  const folder = await emptyFolder()
  const numbers = Float32Array.of(0.1, -0, Number.MIN_VALUE, 1e38, Number.NaN)
  await use(folder, (store) => {
    store.put('a', numbers)
    store.put('view', new Float32Array([1, 2, 3, 4]).subarray(1, 3))
  })
  await use(folder, (store) => {
    assert.deepEqual(store.get('a'), numbers)
    assert.deepEqual(store.get('view'), Float32Array.of(2, 3))
    assert.equal(store.get('b'), undefined)
  })
})

test('the file stays within its bound, and those used last stay in it', async () => {
  const folder = await emptyFolder()
  const used = numbered(0, 50_000)
  await use(folder, (store) => {
    store.put('used', used)
    for (let i = 1; i <= 60; i++) {
      store.put(`entry ${i}`, numbered(i, 20_000 + ((i * 7919) % 50_000)))
      assert.deepEqual(store.get('used'), used)
      assert.ok(statSync(featureFile(folder)).size <= 2 * MIB)
    }
    assert.equal(store.get('entry 1'), undefined)
    assert.ok(store.get('entry 60'))
    assert.ok(store.get('entry 57'), 'there is room for several')
    store.put('too large', numbered(0, MIB))
    assert.equal(store.get('too large'), undefined)
  })
})

test('a file that is too large for a lower bound is made smaller', async () => {
  const folder = await emptyFolder()
  await use(folder, (store) => {
    for (let i = 0; i < 6; i++) store.put(`${i}`, numbered(i, 60_000))
  })
  assert.ok(statSync(featureFile(folder)).size > MIB)
  await use(folder, (store) => assert.deepEqual(store.get('5'), numbered(5, 60_000)), MIB)
  assert.ok(statSync(featureFile(folder)).size <= MIB)
})

test('several processes write and read at once', async () => {
  const folder = await emptyFolder()
  const children = [1, 2, 3].map(() => fork(writer, [folder, String(2 * MIB), '40']))
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  assert.deepEqual(codes, [0, 0, 0])
  await use(folder, (store) => assert.deepEqual(store.get('39'), numbered(39, 10_000)))
  assert.ok(statSync(featureFile(folder)).size <= 2 * MIB)
})

test('a process that is killed while it writes damages nothing', async () => {
  const folder = await emptyFolder()
  const child = fork(writer, [folder, String(2 * MIB), '1000000'])
  const stored = () => use(folder, (store) => store.get('5'))
  while (!(await stored())) await new Promise((resolve) => setTimeout(resolve, 10))
  child.kill('SIGKILL')
  await once(child, 'exit')
  await use(folder, (store) => {
    for (let i = 0; i < 1000; i++) {
      const found = store.get(`${i}`)
      if (found) assert.deepEqual(found, numbered(i, 10_000))
    }
  })
})

test('a damaged entry is forgotten', async () => {
  const folder = await emptyFolder()
  await use(folder, (store) => {
    for (let i = 0; i < 4; i++) store.put(`${i}`, numbered(i, 10_000))
  })
  overwrite(featureFile(folder), statSync(featureFile(folder)).size - 20_000, Buffer.alloc(40, 7))
  const lost = await use(folder, (store) =>
    ['0', '1', '2', '3'].filter((key) => {
      const found = store.get(key)
      if (found) assert.deepEqual(found, numbered(Number(key), 10_000))
      return !found
    }),
  )
  assert.equal(lost.length, 1)
  await use(folder, (store) => {
    store.put(lost[0] as string, Float32Array.of(1))
    assert.deepEqual(store.get(lost[0] as string), Float32Array.of(1))
  })
})

const damages: Readonly<Record<string, (file: string) => void>> = {
  'no database': (file) => writeFileSync(file, Buffer.alloc(50_000, 7)),
  'cut off': (file) => truncateSync(file, 30_000),
  'overwritten in the middle': (file) => overwrite(file, 4096, Buffer.alloc(40_000)),
}
for (const [damage, inflict] of Object.entries(damages)) {
  test(`a file that is ${damage} is begun afresh, with a warning`, async () => {
    const folder = await emptyFolder()
    await use(folder, (store) => {
      for (let i = 0; i < 10; i++) store.put(`${i}`, numbered(i, 10_000))
    })
    inflict(featureFile(folder))
    const warnings: string[] = []
    const store = await FeatureStore.open({
      folder,
      maximumBytes: 2 * MIB,
      onWarning: (w) => warnings.push(w),
    })
    for (let i = 0; i < 10; i++) assert.equal(store.get(`${i}`), undefined)
    store.put('new', Float32Array.of(1))
    assert.deepEqual(store.get('new'), Float32Array.of(1))
    store.close()
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] as string, /features-1\.sqlite is damaged .* begun afresh/)
  })
}

test('where nothing can be written, a warning says so, and nothing is kept', async () => {
  const folder = await emptyFolder()
  await writeFile(join(folder, 'file'), '')
  const warnings: string[] = []
  const store = await FeatureStore.open({
    folder: join(folder, 'file', 'features'),
    maximumBytes: MIB,
    onWarning: (warning) => warnings.push(warning),
  })
  store.put('a', Float32Array.of(1))
  assert.equal(store.get('a'), undefined)
  store.close()
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] as string, /no encoder outputs are kept in .*: ENOTDIR/)
})

test('a full disk is a warning', { skip: process.platform === 'win32' }, async () => {
  const folder = await emptyFolder()
  // No file of this process may become larger than 256 blocks.
  const command = `ulimit -f 256; exec "${process.execPath}" "${writer}" "${folder}" ${8 * MIB} 40`
  const { stdout } = await promisify(execFile)('bash', ['-c', command], { timeout: 20_000 })
  assert.match(stdout, /^no more encoder outputs are kept in .*$/m)
  assert.equal(stdout.trim().split('\n').length, 1)
  await use(folder, (store) => assert.deepEqual(store.get('1'), numbered(1, 10_000)))
})

async function emptyFolder(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'pal-features-')))
}

async function use<T>(folder: string, act: (store: FeatureStore) => T, maximumBytes = 2 * MIB): Promise<T> {
  const onWarning = (warning: string) => assert.fail(warning)
  const store = await FeatureStore.open({ folder, maximumBytes, onWarning })
  try {
    return act(store)
  } finally {
    store.close()
  }
}

function numbered(number: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => number + i / length)
}

function overwrite(file: string, offset: number, bytes: Buffer): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, bytes, 0, bytes.length, offset)
  closeSync(descriptor)
}
