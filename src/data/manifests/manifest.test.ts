import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixtureBytes, wav } from '../../audio/sounds.test.helper.js'
import { PalError } from '../../errors.js'
import { folder, rate, tone, writeWav } from '../audio.test.fixtures.js'
import type { Example } from '../example.js'
import { readListed, type StoredAudio } from '../stored-audio.js'
import { checkManifest } from './check.js'
import { readJsonRows } from './json-rows.js'
import { readManifest } from './manifest.js'

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const row = (changes: object = {}) => ({
  messages: [user('<audio>What is it?'), assistant('A dog.')],
  audios: ['a.wav'],
  ...changes,
})

async function manifest(...rows: (object | string)[]): Promise<string> {
  const path = join(await folder(), 'train.jsonl')
  await writeFile(path, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'))
  return path
}

test('rows become examples with absolute paths and their line', async () => {
  const path = await manifest(row({ id: 7, task: 'name', accept: ['Dog'], more: 1 }), '', row())
  const [first, second] = await readManifest(path)
  assert.deepEqual(
    { ...first, audios: first?.audios.map(({ name }) => name) },
    {
      id: '7',
      dialect: 'messages',
      messages: row().messages,
      audios: [join(path, '../a.wav')],
      task: 'name',
      accept: ['Dog'],
      place: { file: path, line: 1 },
    },
  )
  assert.equal(second?.id, '3')
  assert.deepEqual(second?.place, { file: path, line: 3 })
})

test('one audio may do without its placeholder, and then stands before the first question', async () => {
  const messages = [{ role: 'system', content: 'Listen.' }, user('What is it?'), assistant('A dog.')]
  const [example] = await readManifest(await manifest(row({ messages })))
  assert.equal(example?.messages[1]?.content, '<audio>What is it?')
})

test('mistakes are told with file, line and key', async () => {
  const read = async (bad: object | string) => readManifest(await manifest(row(), bad))
  await assert.rejects(read('{"messages":'), /train\.jsonl:2: expected JSON: /)
  await assert.rejects(read('[1]'), /train\.jsonl:2: expected a JSON object, got \[1\]/)
  await assert.rejects(
    read({ sound: 'a.wav' }),
    /train\.jsonl:2: expected a row in a known form, got the keys sound\n(.*\n)*messages: \{/,
  )
  await assert.rejects(
    read(row({ audios: 'a.wav' })),
    /train\.jsonl:2, audios: expected a list, got "a\.wav"$/,
  )
  await assert.rejects(
    read(row({ messages: [user('a'), { role: 'bot', content: '' }] })),
    /messages\.1\.role/,
  )
  await assert.rejects(read(row({ audios: ['a.wav', 'b.wav'] })), /2, audios: .*got 1 for 2/)
  await assert.rejects(
    read(row({ messages: [user('a'), assistant('<audio>')] })),
    /messages\.1\.content.*\n?.*assistant/,
  )
  await assert.rejects(
    read(row({ messages: [user('<audio>'), user('b')] })),
    /messages\.1\.role: .*assistant, got one of the user/,
  )
  await assert.rejects(
    read(row({ messages: [user('<audio>'), assistant('b'), user('c')] })),
    /messages\.2\.role: .*last word/,
  )
  await assert.rejects(readManifest(await manifest('')), /at least one row/)
  await assert.rejects(
    readManifest('none.jsonl'),
    /none\.jsonl: expected a file of JSON rows, got no such file$/,
  )
  await assert.rejects(readJsonRows(await folder()), /: expected a file of JSON rows, got a folder$/)
})

test('rows in another encoding than UTF-8 are told with their line, as lines and as a list', async () => {
  const [good, bad] = [row(), row({ task: 'Geräusch' })].map((one) => JSON.stringify(one)) as [string, string]
  for (const text of [`${good}\n${bad}\n${good}`, `[${good},\n${bad}]`]) {
    const path = await manifest('')
    await writeFile(path, text, 'latin1')
    await assert.rejects(
      readManifest(path),
      /train\.jsonl:2: expected text in UTF-8, .*\n.*iconv -f latin1 -t utf-8\.$/,
    )
    await writeFile(path, `\uFEFF${text.replaceAll('\n', '\r\n')}`)
    assert.deepEqual(
      (await readManifest(path)).map(({ task }) => task).filter((task) => task),
      ['Geräusch'],
    )
  }
})

test('what Unicode calls the end of a line is none of JSON lines', async () => {
  const path = await manifest(row({ task: 'a\u2028b' }))
  assert.equal((await readManifest(path))[0]?.task, 'a\u2028b')
})

test('a row may have no audio and no placeholder', async () => {
  const [example] = await readManifest(
    await manifest(row({ messages: [user('What is a dog?'), assistant('An animal.')], audios: [] })),
  )
  assert.deepEqual(example?.audios, [])
})

test('a recording of more than an hour is a problem of its length, and said to be where it is listed', async () => {
  const path = await manifest(row({ audios: ['day.wav'] }))
  const name = join(path, '../day.wav')
  await writeFile(name, wav(new Uint8Array(1000 * 3601).fill(200), { bits: 8, sampleRate: 1000 }))
  const message = `${name}: expected at most 3600 s of audio, got 3601.00 s\nCut the recording in parts.`
  const { problems } = await checkManifest(path)
  assert.deepEqual(problems, [{ file: path, line: 1, audio: name, kind: 'too-long', message }])
  const [{ audios, place }] = (await readManifest(path)) as [Example]
  await assert.rejects(readListed(audios[0] as StoredAudio, place, 16_000), (error) => {
    assert.ok(error instanceof PalError)
    assert.deepEqual([error.details.file, error.details.line], [path, 1])
    return error.message.includes(message)
  })
})

test('audio that is cut short is a problem, also where what is left of it is short', async () => {
  const path = await manifest(row({ audios: ['cut.flac'] }))
  const name = join(path, '../cut.flac')
  const whole = fixtureBytes('stereo.flac')
  await writeFile(name, whole.subarray(0, whole.length * 0.9))
  const { problems, warnings, seconds } = await checkManifest(path, { minSeconds: 1 })
  assert.deepEqual(
    problems.map(({ line, kind }) => [line, kind]),
    [[1, 'damaged']],
  )
  assert.match(
    problems[0]?.message ?? '',
    /^\S*cut\.flac: the file is cut short or damaged: decoded 0\.1\d s of 0\.25 s$/,
  )
  assert.deepEqual(warnings, [])
  assert.ok(seconds > 0.1)
})

test('silence may be channels that cancel each other out', async () => {
  const path = await manifest(row())
  await writeFile(join(path, '../a.wav'), wav(Uint8Array.of(0, 64, 0, 192), { channels: 2 }))
  const { problems } = await checkManifest(path)
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['silent'],
  )
  assert.match(problems[0]?.message ?? '', /silence, mixed down: its 2 channels may cancel each other out$/)
})

test('a check reads each file once and tells every problem with its line', async () => {
  const names = ['a.wav', 'none.wav', 'bad.wav', 'mute.wav', 'short.wav', 'long.wav', 'a.wav', 'none.wav']
  const path = await manifest(...names.map((name) => row({ audios: [name] })))
  const at = (name: string) => join(path, '..', name)
  await writeWav(at('a.wav'), tone(1))
  await writeFile(at('bad.wav'), 'this is not audio')
  await writeWav(at('mute.wav'), new Float32Array(rate))
  await writeWav(at('short.wav'), tone(0.05))
  await writeWav(at('long.wav'), tone(3))
  const progress: string[] = []
  const check = await checkManifest(path, {
    minSeconds: 0.1,
    maxSeconds: 2,
    onProgress: (done, total) => progress.push(`${done}/${total}`),
  })
  assert.deepEqual(progress, ['1/6', '2/6', '3/6', '4/6', '5/6', '6/6'])
  assert.deepEqual([check.rows, check.files], [8, 6])
  assert.deepEqual(check.warnings, [])
  assert.ok(Math.abs(check.seconds - 5.05) < 0.01)
  assert.deepEqual(
    check.problems.map(({ line, kind }) => [line, kind]),
    [
      [2, 'missing'],
      [3, 'unreadable'],
      [4, 'silent'],
      [5, 'too-short'],
      [6, 'too-long'],
      [8, 'missing'],
    ],
  )
})
