import assert from 'node:assert/strict'
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HubCache } from './cache.js'
import { describeCache } from './describe-cache.js'
import { findCheckpoint } from './find-checkpoint.js'
import { commit, settingsFor, weights } from './hub.test.helper.js'
import { nameInCache, parseModelName, writeModelName } from './model-name.js'
import { nameModel } from './named-models.js'
import { hubSettings } from './settings.js'

/** A cache as Python leaves it. */
async function cached(context: TestContext, files: Readonly<Record<string, string>>) {
  const settings = await settingsFor(context)
  const cache = new HubCache(settings.cache)
  for (const [i, [path, content]] of Object.entries(files).entries()) {
    const blob = cache.blob('acme/tiny', `${i}`)
    await mkdir(join(blob, '..'), { recursive: true })
    await writeFile(blob, content)
    await cache.link('acme/tiny', commit, path, `${i}`)
  }
  await cache.setRevision('acme/tiny', 'main', commit)
  return { settings, cache, snapshot: cache.snapshot('acme/tiny', commit) }
}

test('names of the hub are found in the cache', async (context) => {
  const { settings, snapshot } = await cached(context, { 'config.json': '{}', 'model.safetensors': 'w' })
  for (const name of ['acme/tiny', 'acme/tiny@main', `acme/tiny@${commit}`]) {
    assert.equal(await findCheckpoint(name, settings), snapshot)
  }
  await assert.rejects(
    findCheckpoint('acme/other', settings),
    /got "acme\/other"\nFetch it: pal pull acme\/other\nOn this machine are:\n {2}acme\/tiny \(main/,
  )
  await assert.rejects(findCheckpoint('acme/tiny@v2', settings), /pal pull acme\/tiny@v2/)
  await assert.rejects(findCheckpoint('acme/tiny:x.gguf', settings), /Fetch it: pal pull acme\/tiny:x\.gguf/)
  await assert.rejects(findCheckpoint('what is this', settings), /expected a folder, a GGUF file or the name/)
  assert.equal(await findCheckpoint(snapshot, settings), snapshot)
})

test('a pull that was broken off is no model', async (context) => {
  const index = JSON.stringify({ weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } })
  const { settings, cache } = await cached(context, {
    'model.safetensors.index.json': index,
    'model-1.safetensors': '1',
  })
  await assert.rejects(findCheckpoint('acme/tiny', settings), /without model-2\.safetensors\nFetch the rest/)
  await rm(cache.blob('acme/tiny', '1'))
  await assert.rejects(findCheckpoint('acme/tiny', settings), /without model-1\.safetensors/)
  const bare = await cached(context, { 'config.json': '{}' })
  await assert.rejects(findCheckpoint('acme/tiny', bare.settings), /without weights/)
})

test('GGUF files: the only one, or the one that is named', async (context) => {
  const one = await cached(context, { 'x.gguf': 'x' })
  assert.equal(await findCheckpoint('acme/tiny', one.settings), join(one.snapshot, 'x.gguf'))
  const two = await cached(context, { 'x.gguf': 'x', 'y.gguf': 'y' })
  await assert.rejects(findCheckpoint('acme/tiny', two.settings), /one of the GGUF files to be named/)
  assert.equal(await findCheckpoint('acme/tiny:y.gguf', two.settings), join(two.snapshot, 'y.gguf'))
})

test('a folder is checked, named and found by its name', async (context) => {
  const settings = await settingsFor(context)
  const folder = join(settings.cache, 'mine')
  await mkdir(folder, { recursive: true })
  await assert.rejects(nameModel(folder, 'mine', settings), /expected model\.safetensors/)
  await writeFile(join(folder, 'model.safetensors'), weights)
  const progress: number[] = []
  const { files } = await nameModel(folder, 'mine', settings, { onProgress: (done) => progress.push(done) })
  assert.equal(files['model.safetensors']?.bytes, weights.length)
  assert.equal(progress.at(-1), weights.length)
  assert.equal(await findCheckpoint('mine', settings), folder)
  assert.match(await describeCache(settings), / {2}mine \(/)
  const unusable = { ...settings, named: join(folder, 'model.safetensors', 'models') }
  await assert.rejects(
    nameModel(folder, 'mine', unusable),
    /expected to write down the name: ENOTDIR.*\nSet PAL_CACHE/,
  )
  await truncate(join(folder, 'model.safetensors'), 100)
  await assert.rejects(findCheckpoint('mine', settings), /got 100\nName it again: pal pull .* --name mine/)
  await assert.rejects(nameModel(folder, 'mine', settings), /model\.safetensors/)
  await assert.rejects(nameModel(folder, '../x', settings), /--name: expected a name of letters/)
  await writeFile(join(settings.named, 'odd.json'), '[]')
  await assert.rejects(findCheckpoint('odd', settings), /odd\.json: expected what `pal pull --name` writes/)
})

test('names', () => {
  const name = (text: string) => parseModelName(text)
  assert.deepEqual(name('a/b'), { repository: 'a/b', revision: 'main' })
  assert.deepEqual(name('a/b@refs/pr/1:q/x.gguf'), {
    repository: 'a/b',
    revision: 'refs/pr/1',
    file: 'q/x.gguf',
  })
  for (const text of ['a/b', 'a/b@v1', 'a/b:x.gguf', 'a/b@v1:x.gguf']) {
    assert.equal(writeModelName(name(text)!), text)
  }
  for (const text of [
    'a',
    '../b',
    'a/..',
    'a/b/c',
    'a--b/c',
    'a/b@../x',
    '/a/b',
    './a',
    'C:\\a',
    'a/b:x.bin',
    '',
  ]) {
    assert.equal(name(text), undefined, text)
  }
  assert.throws(() => name('a/b:../x.gguf'), /inside of the repository/)
  const snapshot = `/hub/models--a--b/snapshots/${commit}`
  assert.equal(writeModelName(nameInCache(snapshot)!), 'a/b')
  assert.equal(writeModelName(nameInCache(`${snapshot}/q/x.gguf`)!), 'a/b:q/x.gguf')
  assert.equal(nameInCache('/models/x.gguf'), undefined)
})

test('settings mean what they mean in Python', async (context) => {
  const { cache } = await settingsFor(context)
  await mkdir(cache, { recursive: true })
  await writeFile(join(cache, 'token'), ' stored\n')
  const home = await hubSettings({ HF_HOME: cache })
  assert.deepEqual([home.cache, home.token, home.offline], [join(cache, 'hub'), 'stored', false])
  assert.equal(home.endpoint, 'https://huggingface.co')
  const other = await hubSettings({
    HF_HOME: cache,
    HF_HUB_CACHE: '/elsewhere',
    HF_TOKEN: 'given',
    HF_HUB_OFFLINE: 'yes',
    HF_ENDPOINT: 'https://mirror.example/',
  })
  assert.deepEqual(
    [other.cache, other.token, other.offline, other.endpoint],
    ['/elsewhere', 'given', true, 'https://mirror.example'],
  )
  await assert.rejects(hubSettings({ HF_ENDPOINT: 'mirror' }), /HF_ENDPOINT: expected an address/)
  await assert.rejects(hubSettings({ HF_TOKEN: 'hf_secret\nx' }), (error) => {
    assert.match((error as Error).message, /HF_TOKEN: expected a token of letters and digits/)
    assert.doesNotMatch((error as Error).message, /secret/)
    return true
  })
})
