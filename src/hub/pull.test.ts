import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PalError } from '../errors.js'
import {
  commit,
  FakeHub,
  files,
  first,
  impatient,
  refuse,
  send,
  settingsFor,
  weights,
} from './hub.test.helper.js'
import { parseModelName } from './model-name.js'
import { type PullOptions, pull } from './pull.js'
import { mayPass } from './request.js'
import type { HubSettings } from './settings.js'

const sha256 = createHash('sha256').update(weights).digest('hex')
const part = (cache: string) => join(cache, 'models--acme--tiny', 'blobs', `${sha256}.pal.incomplete`)

function get(settings: HubSettings, name = 'acme/tiny', options: PullOptions = {}) {
  return pull(parseModelName(name)!, settings, { patience: impatient(), ...options })
}

async function start(context: TestContext, content = files, more: Partial<HubSettings> = {}) {
  const hub = await FakeHub.start(context, content)
  return { hub, settings: await settingsFor(context, hub, more) }
}

/** A connection that ends after so many bytes. */
const breaksAfter = (bytes: number) =>
  first(1, (_request, response, content) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, bytes), () => response.destroy())
    return true
  })

test('what is needed comes into the cache of huggingface_hub, in its layout', async (context) => {
  const { hub, settings } = await start(context)
  let last = { done: 0, total: 1 }
  const pulled = await get(settings, 'acme/tiny', { onProgress: (progress) => (last = progress) })
  assert.deepEqual(pulled.files, ['config.json', 'tokenizer.json', 'model.safetensors'])
  assert.deepEqual(hub.fetched, pulled.files)
  assert.equal(last.done, last.total)
  const folder = join(settings.cache, 'models--acme--tiny')
  assert.equal(pulled.path, join(folder, 'snapshots', commit))
  assert.equal(await readFile(join(folder, 'refs', 'main'), 'utf8'), commit)
  assert.equal(await readlink(join(pulled.path, 'model.safetensors')), join('..', '..', 'blobs', sha256))
  for (const name of pulled.files) assert.deepEqual(await readFile(join(pulled.path, name)), files[name])
  const blobs = await readdir(join(folder, 'blobs'))
  assert.equal(blobs.length, 3)
  assert.ok(blobs.every((name) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name)))
})

test('nothing is downloaded twice, whoever has downloaded it', async (context) => {
  const { hub, settings } = await start(context)
  const blobs = join(settings.cache, 'models--acme--tiny', 'blobs')
  await mkdir(blobs, { recursive: true })
  await writeFile(join(blobs, sha256), weights) // As Python leaves it.
  const { cachedBytes } = await get(settings)
  assert.equal(cachedBytes, weights.length)
  assert.deepEqual(hub.fetched, ['config.json', 'tokenizer.json'])
  await get(settings)
  assert.equal(hub.fetched.length, 2)
})

test('two at once download once', async (context) => {
  const { hub, settings } = await start(context)
  const notices: string[] = []
  const both = [1, 2].map(() =>
    get(settings, 'acme/tiny', { onNotice: (sentence) => notices.push(sentence) }),
  )
  await Promise.all(both)
  assert.equal(hub.fetched.filter((path) => path === 'model.safetensors').length, 1)
  assert.match(notices[0] ?? '', /^config\.json is being downloaded by another process; waiting$/)
  assert.deepEqual(await readdir(join(settings.cache, '.locks', 'models--acme--tiny')), [])
})

test('a connection that breaks is resumed where it broke', async (context) => {
  const { hub, settings } = await start(context)
  hub.faults.set('model.safetensors', breaksAfter(300_000))
  const { path } = await get(settings)
  assert.deepEqual(await readFile(join(path, 'model.safetensors')), weights)
  const ranges = hub.requests.filter((one) => one.path === 'model.safetensors').map(({ range }) => range)
  assert.equal(ranges[0], undefined)
  assert.match(ranges[1] ?? '', /^bytes=\d+-$/)
})

test('a server that knows no ranges sends everything again, and what is here is skipped', async (context) => {
  const { hub, settings } = await start(context)
  const breaks = breaksAfter(300_000)
  hub.faults.set('model.safetensors', (request, response, content) => {
    if (breaks(request, response, content)) return true
    response.writeHead(200, { 'content-length': content.length }).end(content)
    return true
  })
  const { path } = await get(settings)
  assert.deepEqual(await readFile(join(path, 'model.safetensors')), weights)
})

test('a server that falls silent is asked again', async (context) => {
  const { hub, settings } = await start(context)
  hub.faults.set(
    'model.safetensors',
    first(1, (_request, response, content) => {
      response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 1000))
      return true
    }),
  )
  const { path } = await get(settings)
  assert.deepEqual(await readFile(join(path, 'model.safetensors')), weights)
})

test('Ctrl-C keeps what has arrived, and the next call goes on from there', async (context) => {
  const { hub, settings } = await start(context)
  hub.faults.set(
    'model.safetensors',
    first(1, (_request, response, content) => {
      response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 400_000))
      return true
    }),
  )
  const interruption = new AbortController()
  const stopped = get(settings, 'acme/tiny', {
    signal: interruption.signal,
    onProgress: ({ done }) => done > 300_000 && interruption.abort(),
  })
  await assert.rejects(stopped, (error) => !(error instanceof PalError))
  const { size } = await stat(part(settings.cache))
  assert.ok(size > 200_000 && size <= 400_000, `${size}`)
  const { path } = await get(settings)
  assert.equal(hub.requests.at(-1)?.range, `bytes=${size}-`)
  assert.deepEqual(await readFile(join(path, 'model.safetensors')), weights)
  await assert.rejects(stat(part(settings.cache)))
})

test('what is stopped before it asks does not keep the process waiting for an answer', async (context) => {
  const { hub, settings } = await start(context)
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  await assert.rejects(get(settings, 'acme/tiny', { signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.equal(timers(), before)
  assert.deepEqual(hub.requests, [])
})

test('a server that never gets to the end is given up, and says so', async (context) => {
  const { hub, settings } = await start(context)
  hub.faults.set('model.safetensors', (_request, response) => {
    response.destroy()
    return true
  })
  await assert.rejects(get(settings), /expected 127\.0\.0\.1:\d+ to answer, got no connection/)
})

test('lies about the length are told', async (context) => {
  const { hub, settings } = await start(context)
  const answers: readonly [number, object, RegExp][] = [
    [200, { 'content-length': 10 }, /it announced 10 where 1000\d+ are left/],
    [200, { 'content-length': 2_000_000 }, /it announced 2000000/],
    [200, { 'transfer-encoding': 'chunked' }, /it sent more than 1000/],
  ]
  for (const [status, headers, message] of answers) {
    hub.faults.set('model.safetensors', (_request, response, content) => {
      response.writeHead(status, { ...headers })
      const announced = 'content-length' in headers ? 10 : content.length
      response.write(content.subarray(0, announced))
      if (announced > 10) response.end('and more')
      else response.end()
      return true
    })
    await assert.rejects(get(settings), message)
    await rm(part(settings.cache), { force: true })
  }
  hub.faults.set('model.safetensors', breaksAfter(1000))
  const breaks = breaksAfter(1000)
  hub.faults.set('model.safetensors', (request, response, content) => {
    if (breaks(request, response, content)) return true
    response.writeHead(206, { 'content-range': 'bytes 0-9/10' }).end('0123456789')
    return true
  })
  await assert.rejects(get(settings), /as the hub lists it, but it announced 10/)
})

test('a body that always ends too early is an error, and stays to go on from', async (context) => {
  const { hub, settings } = await start(context)
  hub.faults.set('model.safetensors', (request, response, content) => {
    if (request.headers.range)
      response.writeHead(206, { 'content-range': `bytes 1000-1000/${content.length}` }).end()
    else response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(content.subarray(0, 1000))
    return true
  })
  await assert.rejects(get(settings), /but the server ended it after 1000, again and again/)
  assert.equal((await stat(part(settings.cache))).size, 1000)
})

test('content of another hash is refused and removed', async (context) => {
  const { hub, settings } = await start(context)
  const fake = (path: string) =>
    hub.faults.set(path, (request, response, content) => {
      send(request, response, Buffer.from(content).fill(1))
      return true
    })
  fake('model.safetensors')
  await assert.rejects(
    get(settings),
    /model\.safetensors of acme\/tiny to have the hash .*, got [0-9a-f]{64}\n/,
  )
  assert.deepEqual(await readdir(join(settings.cache, 'models--acme--tiny', 'snapshots', commit)), [
    'config.json',
    'tokenizer.json',
  ])
  await assert.rejects(stat(part(settings.cache)))
  await rm(settings.cache, { recursive: true })
  fake('config.json')
  await assert.rejects(get(settings), /config\.json of acme\/tiny to have the hash .*, got [0-9a-f]{40}\n/)
})

test('refusals say what to do', async (context) => {
  const { hub, settings } = await start(context)
  const cases: readonly [string, number, string | undefined, string | undefined, RegExp][] = [
    [
      'api',
      401,
      'RepoNotFound',
      undefined,
      /acme\/tiny to be there and readable, got status 401.*\nCheck the name.*HF_TOKEN/,
    ],
    ['api', 401, undefined, 'secret', /The token was refused/],
    ['api', 404, 'RepoNotFound', 'secret', /got status 404 \(RepoNotFound\)\nCheck the spelling/],
    ['api', 404, 'RevisionNotFound', undefined, /no such branch, tag or commit/],
    ['config.json', 401, 'GatedRepo', undefined, /config\.json.*\nAccept its licence at .*set HF_TOKEN/],
    ['config.json', 403, 'GatedRepo', 'secret', /Accept its licence at .*account of your token/],
    ['config.json', 404, 'EntryNotFound', undefined, /config\.json of acme\/tiny to be there/],
  ]
  for (const [path, status, code, token, message] of cases) {
    hub.faults.clear()
    hub.faults.set(path, (_request, response) => {
      refuse(response, status, code)
      return true
    })
    await assert.rejects(get({ ...settings, ...(token && { token }) }), (error) => {
      assert.ok(error instanceof PalError)
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /secret/)
      return true
    })
  }
})

test('429 and 503 pass: as long as the server says, or ever longer', async (context) => {
  const { hub, settings } = await start(context)
  hub.faults.set(
    'api',
    first(2, (_request, response) => {
      refuse(response, 429, undefined, { 'retry-after': '7' })
      return true
    }),
  )
  hub.faults.set(
    'config.json',
    first(2, (_request, response) => {
      refuse(response, 503)
      return true
    }),
  )
  const waits: number[] = []
  await get(settings, 'acme/tiny', { patience: impatient(waits) })
  assert.deepEqual(waits, [7000, 7000, 1000, 2000])
})

test('what is tried again is told, and why', async (context) => {
  const { hub, settings } = await start(context)
  hub.faults.set(
    'api',
    first(1, (_request, response) => {
      refuse(response, 429, undefined, { 'retry-after': '7' })
      return true
    }),
  )
  hub.faults.set(
    'config.json',
    first(1, (_request, response) => {
      response.destroy()
      return true
    }),
  )
  hub.faults.set('model.safetensors', breaksAfter(300_000))
  const notices: string[] = []
  await get(settings, 'acme/tiny', { onNotice: (sentence) => notices.push(sentence) })
  const { host } = new URL(hub.endpoint)
  assert.equal(notices.length, 3)
  assert.equal(notices[0], 'status 429 for acme/tiny; trying again in 7 s')
  for (const notice of notices.slice(1)) {
    assert.ok(notice.startsWith(`no connection to ${host} (`), notice)
    assert.ok(notice.endsWith('); trying again in 1 s'), notice)
  }
})

test('what cannot pass is not tried again', async (context) => {
  const { hub, settings } = await start(context)
  for (const [endpoint, message] of [
    ['http://127.0.0.1:1', /got no connection \(bad port\)\nCheck the network, HF_ENDPOINT/],
    [hub.endpoint.replace('http:', 'https:'), /got no connection \(.*\)\nWhoever answers is not/],
  ] as const) {
    const waits: number[] = []
    const pulling = pull(
      parseModelName('acme/tiny')!,
      { ...settings, endpoint },
      { patience: impatient(waits) },
    )
    await assert.rejects(pulling, (error) => error instanceof PalError && message.test(error.message))
    assert.deepEqual(waits, [], endpoint)
  }
  const failed = (code: string) =>
    new TypeError('fetch failed', { cause: Object.assign(new Error(), { code }) })
  for (const code of ['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_SOCKET'])
    assert.ok(mayPass(failed(code)))
  for (const code of ['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']) {
    assert.ok(!mayPass(failed(code)))
  }
})

test('a cache that cannot be written to', async (context) => {
  const { settings } = await start(context)
  const file = join(settings.cache, '..', 'file')
  await writeFile(file, '')
  await assert.rejects(
    get({ ...settings, cache: join(file, 'hub') }),
    (error) =>
      error instanceof PalError &&
      /expected to write into the cache: ENOTDIR.*\nSet HF_HUB_CACHE/.test(error.message),
  )
})

test('429 and 503 that stay are errors', async (context) => {
  const { hub, settings } = await start(context)
  const refuses = (status: number, more: object) =>
    hub.faults.set('api', (_request, response) => {
      refuse(response, status, undefined, more)
      return true
    })
  refuses(503, {})
  await assert.rejects(get(settings), /got status 503 again and again\nThe server has a problem/)
  refuses(429, {})
  await assert.rejects(get(settings), /got status 429.*\nThere were too many requests.*HF_TOKEN/)
  const before = hub.requests.length
  refuses(429, { 'retry-after': '86400' }) // Nobody waits for a day.
  await assert.rejects(get(settings), /status 429/)
  assert.equal(hub.requests.length, before + 1)
})

test('the token goes to the hub, and not to where the hub sends us', async (context) => {
  const { hub, settings } = await start(context, files, { token: 'secret' })
  const storage = await FakeHub.start(context)
  hub.faults.set('model.safetensors', (request, response) => {
    response.writeHead(302, { location: `${storage.endpoint}${request.url}` }).end()
    return true
  })
  const { path } = await get(settings)
  assert.deepEqual(await readFile(join(path, 'model.safetensors')), weights)
  assert.ok(hub.requests.every(({ token }) => token === 'secret'))
  assert.deepEqual(storage.requests, [{ path: 'model.safetensors', range: undefined, token: undefined }])
})

test('paths of a hostile listing do not leave the cache', async (context) => {
  const { hub, settings } = await start(context)
  for (const rfilename of [
    '../../x.safetensors',
    '/etc/x.safetensors',
    'a\\..\\x.safetensors',
    'a//b.gguf',
    'C:x.gguf',
  ]) {
    hub.listing = { sha: commit, siblings: [{ rfilename, size: 1, blobId: commit }] }
    await assert.rejects(get(settings), /expected a path inside of the repository/)
  }
  hub.listing = { sha: '../../..', siblings: [] }
  await assert.rejects(get(settings), /expected the list of the files/)
  hub.listing = '<html>'
  await assert.rejects(get(settings), /A proxy or a login page/)
})

test('a GGUF file is chosen by name, or as the only one', async (context) => {
  const gguf = Buffer.from('not opened here')
  const { hub, settings } = await start(context, {
    'README.md': gguf,
    'a/x.gguf': gguf,
    'y.gguf': Buffer.from('y'),
  })
  await assert.rejects(
    get(settings),
    /one of the 2 GGUF files.*\nFor example: pal pull acme\/tiny:y\.gguf\n {2}a\/x\.gguf/,
  )
  await assert.rejects(
    get(settings, 'acme/tiny:z.gguf'),
    /expected z\.gguf in acme\/tiny.*\nIt has:\n {2}a\/x/,
  )
  const { path } = await get(settings, 'acme/tiny:a/x.gguf')
  assert.ok(path.endsWith(join(commit, 'a', 'x.gguf')))
  assert.ok((await lstat(path)).isSymbolicLink())
  assert.deepEqual(await readFile(path), gguf)
  assert.deepEqual(hub.fetched, ['a/x.gguf'])
  const only = await start(context, { 'y.gguf': gguf })
  assert.ok((await get(only.settings)).path.endsWith('y.gguf'))
  const pickled = await start(context, { 'pytorch_model.bin': gguf })
  await assert.rejects(get(pickled.settings), /only PyTorch pickles/)
})

test('offline: what was pulled is found, and of what was not is said what there is', async (context) => {
  const { hub, settings } = await start(context)
  const offline = { ...settings, offline: true }
  await assert.rejects(get(offline), /forbids the network, got nothing\nThere is no model in the cache yet/)
  const pulled = await get(settings)
  const before = hub.requests.length
  assert.equal((await get(offline)).path, pulled.path)
  assert.equal((await get(offline, `acme/tiny@${commit}`)).path, pulled.path)
  await assert.rejects(get(offline, 'acme/other'), /On this machine are:\n {2}acme\/tiny \(main, 1\.0 MiB\)/)
  await rm(join(settings.cache, 'models--acme--tiny', 'blobs', sha256))
  await assert.rejects(get(offline), /got a part of it/)
  assert.equal(hub.requests.length, before)
  const nowhere = { ...settings, endpoint: 'http://127.0.0.1:1' }
  await assert.rejects(get(nowhere), /to answer, got no connection [\s\S]*\nOn this machine are:/)
})

test('revisions', async (context) => {
  const { settings } = await start(context)
  await get(settings, 'acme/tiny@refs/pr/1')
  const ref = join(settings.cache, 'models--acme--tiny', 'refs', 'refs', 'pr', '1')
  assert.equal(await readFile(ref, 'utf8'), commit)
  await get(settings, `acme/tiny@${commit}`)
  assert.deepEqual(await readdir(join(settings.cache, 'models--acme--tiny', 'refs')), ['refs'])
})
