import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeWav } from '../audio/write-wav.js'
import { writeTinyModel } from '../model/tiny-model.js'
import { packageFolder } from '../package-folder.js'
import { TINY_MODEL } from '../train/tiny-run.test.helper.js'
import { pal, type RunOptions } from './cli.test.helper.js'

const folder = await mkdtemp(join(tmpdir(), 'pal-cli-data-'))
await writeFile(join(folder, 'a.wav'), encodeWav(new Float32Array(8000).fill(0.1), 16_000))
const captions = join(folder, 'captions.jsonl')
await writeFile(
  captions,
  JSON.stringify({ key: '1', source: 'a.wav', target: 'A dog barks.', prompt: '<AAC>' }),
)

test('rows of another dialect are checked, shown with what is learnt of them, and asked', async () => {
  const checked = await pal(['data', 'check', captions])
  assert.equal(checked.stdout, '1 row, 1 file, 0.5 s, 0 problems\n')

  const crossed = await pal(['data', 'check', captions, '--min-seconds', '5', '--max-seconds', '1'])
  assert.equal(crossed.code, 1)
  assert.match(crossed.stderr, /--min-seconds: expected no more than --max-seconds 1, got 5\n/)

  const shown = await pal(['data', 'show', captions])
  assert.match(
    shown.stdout,
    /captions\.jsonl:1 \(source and target; task caption\): .*a\.wav\n {2}user: <audio>\n {2}assistant: A dog barks\.\n1 row\n$/,
  )
  assert.match(
    (await pal(['data', 'show', captions, '--tokens'])).stderr,
    /expected --tokens with a recipe only/,
  )

  const show = (source: string, count = 1, options: RunOptions = {}) =>
    pal(
      [
        ...[
          'data',
          'show',
          join(packageFolder(), 'recipes', 'pal-tiny.yaml'),
          '--count',
          `${count}`,
          '--tokens',
        ],
        ...[...TINY_MODEL, 'model.llm.vocabularySize=270', 'data={ root: ., sets: {} }'],
        `output=${join(folder, 'run')}`,
        `sources={ captions: { kind: manifest, path: ${captions}, ${source} } }`,
        'stages=[{ name: answers, steps: 1, learningRate: 0.001, batches: [{ seconds: 1, audios: 1, mix: { captions: 1 } }] }]',
      ],
      options,
    )
  const unasked = await show('')
  assert.equal(unasked.code, 1)
  assert.match(unasked.stderr, /captions\.jsonl:1: expected a question, got a row that has none\n.*question:/)
  const { stdout, stderr } = await show('question: Describe it.')
  assert.equal(
    stdout.replaceAll(' · ', ''),
    [
      'answers, up to 1 s: 0.50 s',
      '  caption: Describe it. → A dog barks.',
      '    read   <|user|>Describe it.<|end|><|assistant|>',
      '    learnt A dog barks.<|end|>',
      '',
    ].join('\n'),
    stderr,
  )

  const closed = await show('question: Describe it.', 2000, { onOutput: (child) => child.stdout?.destroy() })
  assert.deepEqual([closed.code, closed.stderr], [0, ''])
  await mkdir(join(folder, 'run'))
  assert.equal((await show('question: Describe it.')).stdout, stdout)
  assert.deepEqual(await readdir(join(folder, 'run')), [])

  const steady = '{ speed: { probability: 0 }, shift: { probability: 0 }, gain: { range: [-3, -3] } }'
  const changed = await show(`question: Describe it., augment: ${steady}`)
  assert.match(changed.stdout, /^answers, .*\n {2}augmented: .*gain −3 dB\n {2}caption: /, changed.stderr)

  const ask = (...more: readonly string[]) =>
    pal(['eval', captions, '--model', model, '--out', join(folder, 'answers'), '--threads', '1', ...more])
  const model = await writeTinyModel()
  assert.match((await ask()).stderr, /:1: expected a question, got a row that has none\n.*--question/)
  const asked = await ask('--question', 'Describe it.')
  assert.match(asked.stdout, /caption .*CIDEr-D/, asked.stderr)
})

test('an answer that is read only is shown so, and needs one that is learnt beside it', async () => {
  const said = (role: string, content: string, mark: object = {}) => ({ role, content, ...mark })
  const row = (...more: readonly object[]) =>
    JSON.stringify({
      messages: [said('user', 'What is it?'), said('assistant', 'A cat.', { weight: 0 }), ...more],
      audios: ['a.wav'],
    })
  const rows = join(folder, 'marked.jsonl')
  await writeFile(rows, row(said('user', 'Sure?'), said('assistant', 'A dog.')))
  const shown = await pal(['data', 'show', rows])
  assert.match(shown.stdout, /\n {2}assistant \(read only\): A cat\.\n.*\n {2}assistant: A dog\.\n/)
  const tokens = await pal([
    ...['data', 'show', join(packageFolder(), 'recipes', 'pal-tiny.yaml'), '--count', '1', '--tokens'],
    ...[...TINY_MODEL, 'model.llm.vocabularySize=270', 'data={ root: ., sets: {} }'],
    `output=${join(folder, 'no-run')}`,
    `sources={ marked: { kind: manifest, path: ${rows} } }`,
    'stages=[{ name: answers, steps: 1, learningRate: 0.001, batches: [{ seconds: 1, audios: 1, mix: { marked: 1 } }] }]',
  ])
  assert.match(
    tokens.stdout.replaceAll(' · ', ''),
    / {4}read {3}<\|user\|>What is it\?<\|end\|><\|assistant\|>A cat\.<\|end\|><\|user\|>Sure\?.*\n {4}learnt A dog\.<\|end\|>\n$/,
    tokens.stderr,
  )

  await writeFile(rows, row())
  for (const verb of [['data', 'check'], ['eval']]) {
    const { code, stderr } = await pal([...verb, rows])
    assert.equal(code, 1)
    assert.match(stderr, /marked\.jsonl:1: expected an answer to learn, got only answers of weight 0/)
  }
})
