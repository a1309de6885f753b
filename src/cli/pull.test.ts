import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { commit, FakeHub, settingsFor, weights } from '../hub/hub.test.helper.js'
import type { HubSettings } from '../hub/settings.js'
import { pal } from './cli.test.helper.js'

/** Children inherit what is set here. */
function useSettings({ endpoint, cache, named }: HubSettings): void {
  Object.assign(process.env, {
    HF_ENDPOINT: endpoint,
    HF_HUB_CACHE: cache,
    HF_HOME: join(cache, '..'),
    PAL_CACHE: join(named, '..'),
  })
}

async function start(context: TestContext) {
  const hub = await FakeHub.start(context)
  const settings = await settingsFor(context, hub)
  useSettings(settings)
  return { hub, settings }
}

test('pal pull prints where the model is, and lists it', async (context) => {
  const { hub, settings } = await start(context)
  const snapshot = join(settings.cache, 'models--acme--tiny', 'snapshots', commit)
  assert.deepEqual(await pal(['pull', 'acme/tiny']), { code: 0, stdout: `${snapshot}\n`, stderr: '' })
  const again = await pal(['pull', 'acme/tiny', '--revision', commit, '--json'])
  const { name, path, bytes, cachedBytes } = JSON.parse(again.stdout) as Record<string, unknown>
  assert.deepEqual([name, path, cachedBytes], [`acme/tiny@${commit}`, snapshot, bytes])
  assert.equal(hub.fetched.length, 3)
  assert.match((await pal(['pull'])).stdout, /On this machine are:\n {2}acme\/tiny \(main, 1\.0 MiB\)/)
  const named = await pal(['pull', snapshot, '--name', 'mine'])
  assert.deepEqual([named.code, named.stdout], [0, `${snapshot}\n`])
  const { named: all } = JSON.parse((await pal(['pull', '--json'])).stdout) as { named: { name: string }[] }
  assert.deepEqual(
    all.map((one) => one.name),
    ['mine'],
  )
})

test('mistakes are sentences', async (context) => {
  const { settings } = await start(context)
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['acme/typo'], /^pal: expected acme\/typo .*got status 404/],
    [['nothing here'], /^pal: expected a model of the hub \(OWNER\/NAME\)/],
    [['acme/tiny@a', '--revision', 'b'], /^pal: --revision: expected one revision, got two/],
    [['--name', 'x'], /^pal: --name: expected a model, a folder or a file before it, got none/],
    [[settings.cache, '--name', 'x'], /^pal: .*expected a folder with a model/],
  ]
  for (const [argv, message] of cases) {
    const { code, stderr } = await pal(['pull', ...argv])
    assert.match(stderr, message)
    assert.equal(code, 1)
  }
})

test('Ctrl-C ends with 130, and the next call goes on from there', async (context) => {
  const { hub } = await start(context)
  const main = new URL('./main.js', import.meta.url).href
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `const { main } = await import(${JSON.stringify(main)}); process.exitCode = await main(['pull', 'acme/tiny'])`,
  ])
  hub.faults.set('model.safetensors', (_request, response, content) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 500_000), () => setTimeout(() => child.kill('SIGINT'), 300))
    hub.faults.clear()
    return true
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(code, 130)
  assert.match(stderr, /stopped; what has arrived is kept/)
  const { stdout } = await pal(['pull', 'acme/tiny'])
  assert.match(hub.requests.at(-1)?.range ?? '', /^bytes=[1-9]\d*-$/)
  assert.deepEqual(await readFile(join(stdout.trim(), 'model.safetensors')), weights)
})
