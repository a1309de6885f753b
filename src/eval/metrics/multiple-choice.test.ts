import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFixture } from './fixtures.test.helper.js'
import { mmauOfficial } from './mmau-official.js'
import { chosen } from './multiple-choice.js'

const people = ['Man', 'Woman', 'Child', 'Robot']
const dogs = ['A dog barking', 'A cat meowing', 'Dog and cat', 'Birds']
const moods = ['Happy to sad', 'Sad to happy', 'Calm', 'Angry']

test('a choice is named by its letter or by its words', () => {
  for (const answer of [
    'Woman',
    'woman.',
    'B',
    'b',
    '(B)',
    'B.',
    'B) woman',
    '(B) Woman',
    'The answer is (B).',
  ]) {
    assert.equal(chosen(answer, people), 1, answer)
  }
  assert.equal(chosen('I hear a woman speaking.', people), 1)
  assert.equal(chosen('It is B.', people), undefined)
  assert.equal(chosen('**Birds**', dogs), 3)
})

test('an answer that names none, or several, is off the format', () => {
  for (const answer of ['', '?', 'A person', 'Man or woman', 'A. Woman', 'E', 'Manhattan']) {
    assert.equal(chosen(answer, people), undefined, answer)
  }
  assert.equal(chosen('A dog is barking', dogs), undefined, 'an article is no letter')
})

test('what is denied is not chosen, nor what another letter stands beside', () => {
  for (const answer of [
    ...['It is not a woman.', 'I do not hear a woman', 'It isn’t a woman.', 'Not B. Woman', '(B) is wrong'],
    ...['A woman? No.', 'The answer is not (B) Woman', '(B) Woman is incorrect', 'I cannot hear a woman'],
    ...[
      'A) or B)',
      '(A) (B) (C) (D)',
      'A. B. C. D.',
      '(A) and (B)',
      'A) or B',
      '(B) Woman (C)',
      'A woman (A)',
    ],
  ]) {
    assert.equal(chosen(answer, people), undefined, answer)
  }
  assert.equal(chosen('I hear a woman (B).', people), 1, 'its own letter')
  assert.equal(chosen('(B) Woman. B.', people), 1, 'its own letter')
})

test('a choice may deny something itself', () => {
  const music = ['Music', 'No music', 'Music that is not live']
  assert.deepEqual(
    ['There is no music.', '(C) Music that is not live', 'Music', 'Not music'].map((one) =>
      chosen(one, music),
    ),
    [1, 2, 0, undefined],
  )
  const verdicts = ['Yes', 'No']
  assert.equal(chosen('No, it does not.', verdicts), 1, 'the reason denies what the choice denies')
  assert.equal(chosen('The answer is not no.', verdicts), undefined)
  assert.equal(chosen('Yes, but not really', verdicts), undefined)
  assert.equal(chosen('(B) is wrong', verdicts), undefined)
})

test('order counts, and so do signs', () => {
  assert.equal(chosen('Sad to happy', moods), 1)
  assert.equal(chosen('From happy to sad.', moods), 0)
  assert.equal(chosen('C#', ['C', 'C#', 'D', 'A']), 1)
  assert.equal(chosen('C', ['C#', 'C', 'D', 'A']), 1, 'the words before the letter')
  assert.equal(chosen('It is in C# minor', ['C', 'C#', 'D', 'E']), 1)
})

test('choices may be letters themselves, or alike', () => {
  const chords = ['C', 'Gm', 'Cm7b5', 'Eb/G']
  assert.deepEqual([chosen('C', chords), chosen('(C)', chords), chosen('(C) Cm7b5', chords)], [0, 2, 2])
  assert.equal(chosen('(A) C.', chords), 0, 'the choice’s own word is no other letter')
  const twice = ['thirteen', 'twenty', 'thirteen']
  assert.deepEqual(
    ['Thirteen.', '(C)', '(C) thirteen', 'It is thirteen'].map((answer) => chosen(answer, twice)),
    [0, 0, 0, 0],
  )
})

test('MMAU’s and MMAR’s own scorer, as it is', () => {
  const cases =
    readFixture<readonly { answer: string; expected: string; choices: readonly string[]; right: boolean }[]>(
      'choices',
    )
  for (const { answer, expected, choices, right } of cases) {
    assert.equal(
      mmauOfficial(answer, expected, choices),
      right,
      `"${answer}" for "${expected}" of ${choices}`,
    )
  }
})

test('quirks of that scorer', () => {
  assert.ok(!mmauOfficial('(B)', 'Woman', people), 'letters are wrong')
  assert.ok(mmauOfficial('Sad to happy', 'Happy to sad', moods), 'order does not count')
  assert.ok(mmauOfficial('C', 'C#', ['C', 'C#', 'D', 'A']), 'signs do not count')
  assert.ok(mmauOfficial('not a woman', 'Woman', ['Man', 'Woman']), 'denials do not count')
})
