import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EvalItem } from './items.js'
import { contentStamp, expectSameItems, fileStamp, stamped } from './kept-items.js'

const sound = (...samples: readonly number[]) => {
  return async () => ({ samples: Float32Array.from(samples), sampleRate: 16_000 })
}

const item = (id: string, more: Partial<EvalItem> = {}): EvalItem => ({
  ...{ id, audio: '/a.wav', samples: sound(0, 1), task: 'name', scoring: 'name' },
  ...{ question: 'What?', expected: 'Rain.', ...more },
})

test('answers to what is asked are gone on with, whatever is asked besides', () => {
  const kept = [item('1', { recording: '2 bytes' })]
  expectSameItems(kept, [item('1', { recording: '2 bytes' }), item('2')], 'samples.jsonl')
  // A recording that is gone, and an answer of before recordings were told apart.
  expectSameItems(kept, [item('1')], 'samples.jsonl')
  expectSameItems([item('1')], kept, 'samples.jsonl')
})

test('what differs is told', () => {
  for (const [more, message] of [
    [{ audio: '/b.wav' }, /another place of the recording: "\/a\.wav" there, "\/b\.wav" here/],
    [{ expected: 'Snow.' }, /another right answer: "Rain\." there, "Snow\." here/],
    [{ accept: ['Snow.'] }, /another list of answers .*: none there, \["Snow\."\] here/],
    [{ scoring: 'tags' }, /another scoring/],
    [{ choices: ['Rain.', 'Dog.'] }, /another list of choices/],
  ] as const) {
    assert.throws(() => expectSameItems([item('1')], [item('1', more)], 'samples.jsonl'), message)
  }
})

test('a recording is known by its content, its file, or the shard that it lies in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-stamp-'))
  const file = join(folder, 'a, b.tar')
  await writeFile(file, 'four')
  const stampsOf = async (items: readonly EvalItem[], stamp: typeof contentStamp) =>
    (await stamped(items, stamp)).map(({ recording = 'none' }) => recording)
  const [whole, none] = await stampsOf([item('1', { audio: file }), item('2')], fileStamp())
  assert.match(whole!, /^4 bytes of \d{4}-.*Z$/)
  assert.equal(none, 'none')
  assert.deepEqual(await stampsOf([item('1', { audio: `${file}, 0.wav` })], fileStamp([file])), [whole])
  const other = sound(0, 2)
  const [one, same, another] = await stampsOf(
    [item('1'), item('2', { audio: 'scene' }), item('3', { audio: 'other', samples: other })],
    contentStamp,
  )
  assert.match(one!, /^samples [0-9a-f]{16}$/)
  assert.equal(one, same)
  assert.notEqual(one, another)
})
