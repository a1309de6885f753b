import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type BenchConfiguration, nameOf } from '../bench/configuration.js'
import { identityOf } from '../bench/identity.js'
import { describeComputer } from '../bench/machine.js'
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
  assert.match(again.stderr, /--out: expected a folder that is empty/)
})

test('wrong usage names the option', async () => {
  const cases: readonly [args: string[], message: RegExp][] = [
    [
      ['bench', 'train', '--integrations', 'cats'],
      /--integrations.*Expected one of plits, lal, pal, flamingo/,
    ],
    [['bench', 'train', '--bits', '5'], /--bits.*Expected one of 4, 8, 32/],
    [['bench', 'train', '--audio-tokens', '64,none'], /--audio-tokens.*Expected a whole number/],
    [['quantize', 'pal-tiny', '--bits', '3'], /--bits.*Expected 4 or 8/],
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
  assert.match(
    stderr,
    /--llm: expected a size \(smollm2-135m, .*\), or a folder or GGUF file .* got ".*none"/,
  )
})

test('what is kept is reported as of its own day and steps, and not taken for anything else', async () => {
  const out = join(folder, 'kept')
  await mkdir(out)
  const configuration: BenchConfiguration = {
    ...{
      task: 'train',
      integration: 'lal',
      llm: 'smollm2-135m',
      audioTokens: 8,
      textTokens: 4,
      batch: 1,
      questions: 1,
      bits: 32,
    },
    ...{ checkpointing: false, prepacking: false, newTokens: 0, encoder: false, provider: 'cpu', threads: 1 },
  }
  const visits = [0, 1, 2, 3, 4].map((round) => ({
    ...{ name: nameOf(configuration), round, configuration, loadMs: 1, load: 0, peakMiB: 1 },
    ...{ at: `2020-02-0${round + 1}T00:00:00.000Z`, samples: [{ milliseconds: 10 * round }] },
  }))
  const lines = (values: readonly object[]) => values.map((one) => `${JSON.stringify(one)}\n`).join('')
  await writeFile(join(out, 'visits.jsonl'), lines(visits))
  await writeFile(
    join(out, 'peaks.jsonl'),
    lines([{ provider: 'cpu', threads: 1, gemm: 100, bandwidth: 100 }]),
  )
  const options =
    '--integrations lal --audio-tokens 8 --text-tokens 4 --batch 1 --threads 1 --rounds 2 --json'
  const bench = (steps: number) =>
    pal(['bench', 'train', ...options.split(' '), '--steps', String(steps), '--out', out])

  const nameless = await bench(1)
  assert.equal(nameless.code, 1)
  assert.match(nameless.stderr, /expected measurements that say what they are of/)

  const identity = { ...(await identityOf(describeComputer())), steps: 1, warmUp: 1 }
  await writeFile(join(out, 'identity.json'), JSON.stringify(identity))
  const { code, stdout, stderr } = await bench(1)
  assert.equal(code, 0, stderr)
  const report = JSON.parse(stdout) as { date: string; results: { time: { count: number } }[] }
  assert.equal(report.date, '2020-02-01 to 2020-02-02')
  assert.deepEqual(
    report.results.map(({ time }) => time.count),
    [2],
  )

  const others = await bench(7)
  assert.equal(others.code, 1)
  assert.match(others.stderr, /identity\.json: expected .* with steps = 7, got ones with steps = 1/)
})
