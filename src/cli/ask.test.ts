import assert from 'node:assert/strict'
import { mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { encodeWav } from '../audio/write-wav.js'
import type { AskResult } from '../model/answering/answer.js'
import { writeTinyModel } from '../model/tiny-model.js'
import { pal } from './cli.test.helper.js'

const sound = encodeWav(
  Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i * i * 1e-4) / 2),
  8000,
)

let model: string
let first: string
let second: string
before(async () => {
  model = await writeTinyModel()
  first = join(model, 'first.wav')
  second = join(model, 'second.wav')
  await writeFile(first, sound)
  await writeFile(second, encodeWav(new Float32Array(2000), 8000))
})

test('an answer goes to standard output, warnings to standard error', async () => {
  const { code, stdout, stderr } = await pal(['ask', first, 'What?', '--model', model, '--max-tokens', '3'])
  assert.equal(code, 0)
  assert.match(stdout, /^.+\n$/)
  assert.equal(
    stderr,
    'pal: warning: the answer was cut at 3 tokens: give a larger --max-tokens for all of it\n',
  )
})

test('nothing is noted of what is asked, to be sent to anybody', async () => {
  const home = await mkdtemp(join(tmpdir(), 'pal-home-'))
  const env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache'), ORT_DISABLE_TELEMETRY: undefined }
  await pal(['ask', first, 'What?', '--model', model, '--max-tokens', '3'], { env })
  assert.deepEqual(await readdir(home), [])
})

test('standard input, and one JSON object for each answer; a language model in blocks', async () => {
  const asked = ['-q', 'What?', '-q', 'How many?', '--max-tokens', '3']
  const argv = ['ask', '-', ...asked, '--json', '--model', model, '--bits', '8']
  const cache = join(model, 'cache')
  const { code, stdout, stderr } = await pal(argv, { stdin: sound, env: { PAL_CACHE: cache } })
  assert.match((await readdir(join(cache, 'blocks'))).join(), /^[0-9a-f]+-llm\.8bit\.safetensors$/)
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AskResult & { audio: string; question: string })
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual(
    answers.map(({ audio, question }) => [audio, question]),
    [
      ['-', 'What?'],
      ['-', 'How many?'],
    ],
  )
  assert.ok(answers.every(({ seconds, answer }) => seconds === 0.5 && typeof answer === 'string'))
})

test('audio that is longer than it may be is refused', async () => {
  const argv = ['ask', first, second, 'What?', '--model', model, '--max-tokens', '2', '--max-seconds', '0.3']
  const { code, stdout, stderr } = await pal(argv)
  assert.equal(code, 1)
  assert.ok(stdout.startsWith(`${second}: `))
  assert.match(stderr, /^pal: .*first\.wav: expected at most 0\.3 s of audio, got 0\.50 s\n.*--max-seconds/)
})

test('several files are told apart, and a bad one does not keep the others from being heard', async () => {
  const argv = ['ask', first, 'no-such.wav', second, 'What?', '--model', model, '--max-tokens', '2']
  const { code, stdout, stderr } = await pal(argv)
  assert.equal(code, 1)
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines.length, 2)
  assert.ok(lines[0]?.startsWith(`${first}: `) && lines[1]?.startsWith(`${second}: `))
  assert.match(stderr, /pal: no-such\.wav: expected an audio file, got no such file/)
  assert.match(stderr, /second\.wav: the audio is silent/)
})

test('several files as one', async () => {
  const argv = ['ask', first, second, 'What?', '--together', '--json', '--model', model, '--max-tokens', '2']
  const { stdout } = await pal(argv)
  const { audio, seconds } = JSON.parse(stdout) as { audio: string; seconds: number }
  assert.deepEqual([audio, seconds], [`${first} + ${second}`, 0.75])
})

test('a mistake is one message without a stack, and exits with 1', async () => {
  const { code, stdout, stderr } = await pal(['ask', 'no-such.wav', 'What?', '--model', model])
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^pal: no-such\.wav: expected an audio file/)
  assert.doesNotMatch(stderr, /\n +at /)
})

test('of a bad file there is a JSON object too, also where it is the only one', async () => {
  const argv = ['ask', 'no-such.wav', 'What?', '--json', '--model', model]
  const { code, stdout, stderr } = await pal(argv)
  assert.equal(code, 1)
  const { audio, error } = JSON.parse(stdout) as { audio: string; error: string }
  assert.equal(audio, 'no-such.wav')
  assert.equal(stderr, `pal: ${error}\n`)
})

test('a question among the files, beside one with -q, is told as what it is', async () => {
  const argv = ['ask', first, 'What?', '-q', 'How many?', '--model', model, '--max-tokens', '2']
  const { code, stdout, stderr } = await pal(argv)
  assert.equal(code, 1)
  assert.ok(stdout.startsWith(`${first}: `))
  assert.match(stderr, /With -q, every argument is an audio file\. If "What\?" is a question, ask it with -q/)
  const missing = await pal(['ask', 'no-such.wav', '-q', 'What?', '--model', model])
  assert.doesNotMatch(missing.stderr, /-q/)
})

test('audio that is not there is told before a model is looked for', async () => {
  const argv = ['ask', 'no-such.wav', model, 'What?', '--model', 'no-such-model']
  const { code, stderr } = await pal(argv)
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^pal: no-such\.wav: expected an audio file, got no such file\n.*\npal: .*: expected an audio file, got a folder\n$/,
  )
  const together = await pal(['ask', first, 'no-such.wav', 'What?', '--together', '--model', 'no-such-model'])
  assert.match(together.stderr, /^pal: no-such\.wav: expected an audio file, got no such file\n.*\n$/)
})

test('a question that is the name of a file, or that stands first, is told from one that is missing', async () => {
  const usage = async (...words: readonly string[]) => {
    const { code, stderr } = await pal(['ask', ...words, '--model', 'no-such-model'])
    assert.equal(code, 2)
    return stderr
  }
  assert.match(await usage(first), /^error: expected a question after the audio, got only .*first\.wav\n/)
  for (const words of [
    [first, second],
    ['no-such.wav', second],
    ['-', second],
  ]) {
    assert.match(await usage(...words), /the last word, ".*second\.wav", is a file here: ask with -q "…"\n/)
  }
  assert.match(await usage(first, model), /the last word, ".*", is a folder here: ask with -q "…"\n/)
  assert.match(
    await usage('What is it?', first, second),
    /^error: expected the question after the audio, got "What is it\?" first: the question comes last\n/,
  )
  const { stderr } = await pal(['ask', 'What is it?', 'no-such.wav', '--model', 'no-such-model'])
  assert.match(stderr, /\nIf "What is it\?" is the question: it comes last\.\n$/)
})

test('an execution provider that does not work here is a mistake too', async () => {
  const argv = ['ask', first, 'What?', '--model', model, '--provider', 'abacus']
  const { code, stderr } = await pal(argv)
  assert.equal(code, 1)
  assert.match(stderr, /^pal: --provider: expected an execution provider/)
})

test('options are called by their flags', async () => {
  const argv = ['ask', first, 'What?', '--model', model, '--temperature', '1', '--top-p', '0']
  const { code, stderr } = await pal(argv)
  assert.deepEqual([code, stderr], [1, 'pal: --top-p: expected a number above 0, up to 1, got 0\n'])
})

test('Ctrl-C exits with 130', async () => {
  const argv = ['ask', first, 'What?', '--model', model, '--max-tokens', '1000000']
  const { code, stderr } = await pal(argv, { onOutput: (child) => child.kill('SIGINT') })
  assert.deepEqual([code, stderr], [130, ''])
})

test('Ctrl-C ends it while it waits for standard input, too', async () => {
  const { code, stderr } = await pal(['ask', '-', 'What?', '--model', model], { interruptAfter: 3000 })
  assert.deepEqual([code, stderr], [130, ''])
})

test('a closed pipe is no error', async () => {
  const argv = ['ask', first, 'What?', '--model', model, '--max-tokens', '1000000']
  const { code, stderr } = await pal(argv, { onOutput: (child) => child.stdout?.destroy() })
  assert.deepEqual([code, stderr], [0, ''])
})
