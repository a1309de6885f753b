import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pal } from './cli.test.helper.js'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pal-cli-bench-'))
})
after(() => rm(folder, { recursive: true }))

test('a model is quantised, and answers', async () => {
  const out = join(folder, '4bit')
  const { code, stdout } = await pal(['quantize', 'pal-tiny', '--bits', '4', '--out', out, '--json'])
  const done = JSON.parse(stdout) as { matrices: number; relativeError: number }
  assert.equal(code, 0)
  assert.ok(done.matrices > 0 && done.relativeError > 0.01 && done.relativeError < 0.1)
  assert.ok(existsSync(join(out, 'config.json')))
  const again = await pal(['quantize', 'pal-tiny', '--bits', '4', '--out', out])
  assert.equal(again.code, 1)
  assert.match(again.stderr, /--out: expected a folder without a model in it/)
})

test('wrong usage names the option', async () => {
  const cases: readonly [args: string[], message: RegExp][] = [
    [
      ['bench', 'train', '--integrations', 'cats'],
      /--integrations.*Expected one of plits, lal, pal, flamingo/,
    ],
    [['bench', 'infer', '--bits', '5'], /--bits.*Expected one of 4, 8, 32/],
    [['bench', 'train', '--audio-tokens', '64,none'], /--audio-tokens.*Expected a whole number/],
    [['quantize', 'pal-tiny', '--bits', '3'], /--bits.*Allowed choices are 4, 8/],
  ]
  for (const [args, message] of cases) {
    const { code, stderr } = await pal(args)
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
  }
})

test('a language model that is not there', async () => {
  const { code, stderr } = await pal([
    'bench',
    'train',
    '--llm',
    join(folder, 'none'),
    '--out',
    join(folder, 'none'),
  ])
  assert.equal(code, 1)
  assert.match(stderr, /none: expected a folder with a language model/)
})
