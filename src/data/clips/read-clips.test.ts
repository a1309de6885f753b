import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeWav } from '../../audio/write-wav.js'
import { folder, rate, tone, writeWav } from '../audio.test.fixtures.js'
import type { ClipSet } from './clip-set.js'
import { loadClips } from './load-clips.js'
import { expectGroups, readClips } from './read-clips.js'

const digits: ClipSet = {
  name: 'digits',
  csv: 'sets/digits.csv',
  audio: 'audio',
  label: 'digit',
  group: 'speaker',
  kind: 'digit',
}

async function root(csv: string | Uint8Array): Promise<string> {
  const path = await folder()
  await mkdir(join(path, 'sets'))
  await writeFile(join(path, 'sets/digits.csv'), csv)
  return path
}

test('rows become clips with absolute paths, words for digits and their line', async () => {
  const path = await root('audio,digit,speaker\n"a, b.wav",3,ann\n\nb.wav,nine,bob\n')
  const clips = await readClips(digits, path)
  assert.deepEqual(
    clips.map(({ label, group, number }) => ({ label, group, number })),
    [
      { label: 'three', group: 'ann', number: 2 },
      { label: 'nine', group: 'bob', number: 4 },
    ],
  )
  assert.equal(clips[0]?.audio.name, join(path, 'sets/a, b.wav'))
})

test('clips of one recording say so where the set has a column for it', async () => {
  const text = 'audio,digit,speaker,take\na.wav,1,ann,t1\nb.wav,2,ann,t1\n'
  const sources = async (source?: string) =>
    (await readClips({ ...digits, source }, await root(text))).map((clip) => clip.source)
  assert.deepEqual(await sources('take'), ['t1', 't1'])
  assert.deepEqual(await sources(), [undefined, undefined])
  await assert.rejects(
    sources('tape'),
    /digits\.csv:1, tape: expected a column "tape", got audio, digit, speaker, take\nName the columns .* data\.sets\.digits\.source=audio\.$/,
  )
})

test('labels can be renamed', async () => {
  const path = await root('audio,digit,speaker\na.wav,woof,ann\n')
  const [clip] = await readClips({ ...digits, kind: 'sound', labels: { woof: 'dog bark' } }, path)
  assert.equal(clip?.label, 'dog bark')
  await assert.rejects(
    readClips({ ...digits, kind: 'sound', labels: { wof: 'dog bark', meow: 'cat' } }, path),
    /digits\.csv, data\.sets\.digits\.labels: expected a label of the clips \(woof\), got "wof", "meow"$/,
  )
})

test('new names may be of labels that only another set has', async () => {
  const path = await root('audio,digit,speaker\na.wav,woof,ann\n')
  const shared = { meow: 'cat', woof: 'dog bark' }
  const [clip] = await readClips({ ...digits, kind: 'sound', labels: shared }, path)
  assert.equal(clip?.label, 'dog bark')
})

test('mistakes in a CSV are told with line and column', async () => {
  const read = async (csv: string | Uint8Array, set = digits) => readClips(set, await root(csv))
  await assert.rejects(read('audio,digit,speaker\na.wav,12,ann\n'), /digits\.csv:2, digit: .*"12"/)
  await assert.rejects(
    read('audio,digit,speaker\na.wav,1,ann\nb.wav,,ann\n'),
    /digits\.csv:3, digit: .*empty/,
  )
  await assert.rejects(
    read('audio,digit\na.wav,1\n'),
    /digits\.csv:1, speaker: .*"speaker", got audio, digit/,
  )
  await assert.rejects(
    read('audio,digit,speaker\na.wav,1,ann,more\n'),
    /digits\.csv:2: expected well-formed CSV/,
  )
  await assert.rejects(
    read('audio,digit,speaker,digit\na.wav,1,ann,2\n'),
    /digits\.csv:1, digit: expected one column "digit", got 2 among audio, digit, speaker, digit\n/,
  )
  await read('audio,digit,speaker,,\na.wav,1,ann,,\n')
  await assert.rejects(
    read(Buffer.from('audio,digit,speaker\na.wav,1,ann\nb.wav,2,Jürgen\n', 'latin1')),
    /digits\.csv:3: expected text in UTF-8/,
  )
  await assert.rejects(read('audio,digit,speaker\n'), /at least one clip/)
  await assert.rejects(
    readClips({ ...digits, csv: 'none.csv' }, await folder()),
    /none\.csv: expected a CSV file, got no such file\nSay where the recordings are: data\.root=FOLDER$/,
  )
})

test('a group that nobody has is a mistake', async () => {
  const clips = await readClips(digits, await root('audio,digit,speaker\na.wav,1,01\nb.wav,2,bob\n'))
  expectGroups(clips, ['01', 'bob'], 'heldOut')
  assert.throws(() => expectGroups(clips, ['bob', '1'], 'heldOut'), /heldOut: .*\(01, bob\), got "1"/)
})

test('clips are decoded once and nothing is trimmed', async () => {
  const path = await root('audio,digit,speaker\na.wav,1,ann\nb.wav,2,bob\n')
  const padded = new Float32Array(rate)
  padded.set(tone(0.3), 0.5 * rate)
  await writeWav(join(path, 'sets/a.wav'), tone(0.5))
  await writeWav(join(path, 'sets/b.wav'), padded)
  const progress: string[] = []
  const [, second] = await loadClips(await readClips(digits, path), {
    onProgress: (done, total) => progress.push(`${done}/${total}`),
    onWarning: (message) => assert.fail(message),
  })
  assert.deepEqual(progress, ['1/2', '2/2'])
  assert.equal(second?.samples.length, rate)
  assert.ok(Math.abs((second?.active.start ?? 0) - 0.5 * rate) <= 160)
})

test('a silent, a missing and a damaged clip are told with the CSV line', async () => {
  const path = await root('audio,digit,speaker\na.wav,1,ann\n')
  const clips = await readClips(digits, path)
  await assert.rejects(loadClips(clips), /digits\.csv:2: /)
  await writeWav(join(path, 'sets/a.wav'), new Float32Array(rate))
  await assert.rejects(loadClips(clips), /digits\.csv:2: .*"one", got silence/)
  await writeFile(join(path, 'sets/a.wav'), encodeWav(tone(1), rate).subarray(0, rate))
  const warnings: string[] = []
  await loadClips(clips, { onWarning: (message) => warnings.push(message) })
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] as string, /digits\.csv:2: .*a\.wav: the file is cut short/)
})

test('decoding stops where it is asked to', async () => {
  const path = await root('audio,digit,speaker\na.wav,1,ann\nb.wav,2,bob\n')
  await writeWav(join(path, 'sets/a.wav'), tone(0.5))
  const stop = new AbortController()
  const reason = new Error('enough')
  const loading = loadClips(await readClips(digits, path), {
    signal: stop.signal,
    onProgress: () => stop.abort(reason),
  })
  await assert.rejects(loading, reason)
})
