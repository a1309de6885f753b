import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '../../package-folder.js'
import { addressOf, api, returned, returnedNumber, stringAt } from './api.js'
import { CStrings } from './c-strings.js'
import { loadLibrary } from './library.js'
import { availableProviders } from './providers.js'

test('the library is that of the installed package', () => {
  const { dependencies } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  assert.equal(api().version, dependencies['onnxruntime-node'])
})

test('where there is no library for the platform, a mistake says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-library-'))
  assert.throws(() => loadLibrary(folder), {
    name: 'PalError',
    message: /^expected a library of ONNX Runtime for \w+ on \w+, got none in .*pal-library.*\nInstall again/,
  })
})

test('what is no library is not taken for one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-library-'))
  for (const name of ['libonnxruntime.so.1', 'libonnxruntime.1.dylib', 'onnxruntime.dll', 'DirectML.dll']) {
    await writeFile(join(folder, name), 'no library')
  }
  assert.throws(() => loadLibrary(folder), {
    name: 'PalError',
    message: /^expected a library of ONNX Runtime that loads, got \S*onnxruntime\S*: .*\nInstall again/,
  })
})

test('the execution providers of this build have short names, with the processor first', () => {
  const [first, ...others] = availableProviders()
  assert.equal(first, 'cpu')
  const known = ['webgpu', 'dml', 'coreml', 'cuda', 'tensorrt']
  assert.deepEqual(
    others.filter((name) => !known.includes(name)),
    [],
  )
})

test('what a status says is thrown, and the next call is as if nothing had been', () => {
  const options = returned((into) => api().CreateSessionOptions(into))
  for (let i = 0; i < 3; i++) {
    assert.throws(() => api().SetSessionGraphOptimizationLevel(options, 12), {
      message: 'graph_optimization_level is not valid',
    })
  }
  api().SetSessionGraphOptimizationLevel(options, 99)
  api().ReleaseSessionOptions(options)
})

test('strings are C’s, with whatever letters', () => {
  const strings = ['Größe', '', '音声', 'a']
  const { bytes, addresses } = new CStrings(strings)
  assert.deepEqual(
    [...addresses].map((address) => stringAt(address as ReturnType<typeof addressOf>)),
    strings,
  )
  assert.equal(addresses[0], addressOf(bytes))
  const wide = new CStrings(strings, 'utf16le')
  assert.equal(wide.addresses[1]! - wide.addresses[0]!, 12n)
  assert.equal(wide.bytes.length, 2 * (6 + 1 + 3 + 2))
})

test('a number is what was written, not what the place held before', () => {
  assert.equal(
    returnedNumber((into) => {
      into[0] = 0xffff_ffff_ffffn
    }),
    0xffff_ffff_ffff,
  )
  assert.equal(
    returnedNumber(() => undefined),
    0,
  )
})
