import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isReadable, scoreAnswer } from './score.js'

const vocabulary = {
  sound: ['dog', 'dog bark', 'rain', 'sea waves'],
  digit: ['one', 'three'],
  drum: ['open hi-hat', 'closed hi-hat'],
}
const right = (task: string, answer: string, expected: string, accept?: string[]) =>
  scoreAnswer(task, answer, { expected, vocabulary, ...(accept && { accept }) })

test('naming wants the right labels and no other', () => {
  assert.ok(right('name', 'a dog bark', 'A dog bark.'))
  assert.ok(right('name', 'I hear an open hi hat!', 'An open hi-hat.'))
  assert.ok(!right('name', 'A closed hi-hat.', 'An open hi-hat.'))
  assert.ok(!right('name', 'A dog.', 'A dog bark.'), 'the longest label counts')
  assert.ok(!right('name', 'A dog bark or rain.', 'A dog bark.'))
  assert.ok(!right('name', 'Not rain.', 'Rain.'))
  assert.ok(!right('name', 'A sound.', 'Rain.'))
  assert.ok(!right('name', '', 'Rain.'))
  assert.ok(!right('name', 'Someone says three.', 'Someone says one.'))
  assert.ok(right('name', 'Silence', 'Silence.') && !right('name', 'Noise.', 'Silence.'))
})

test('silence and noise are labels where they are asked about', () => {
  const asked = { ...vocabulary, background: ['silence', 'noise'] }
  const answer = 'The noise of a dog bark.'
  assert.ok(scoreAnswer('name', answer, { expected: 'dog bark', vocabulary }))
  assert.ok(!scoreAnswer('name', answer, { expected: 'dog bark', vocabulary: asked }))
  assert.ok(scoreAnswer('name', 'It is noise', { expected: 'Noise.', vocabulary: asked }))
  assert.ok(isReadable('name', 'Noise.', asked) && !isReadable('name', 'Noise.', vocabulary))
})

test('another spelling names the label', () => {
  const genres = { sound: ['hip hop', 'rock'], digit: [], drum: [], aliases: { hiphop: 'hip hop' } }
  for (const answer of ['Hiphop.', 'This is hiphop.', 'Hip-hop', 'hip hop']) {
    assert.ok(scoreAnswer('name', answer, { expected: 'hip hop', vocabulary: genres }), answer)
    assert.ok(isReadable('name', answer, genres), answer)
  }
  assert.ok(!scoreAnswer('name', 'Hiphop or rock', { expected: 'hip hop', vocabulary: genres }))
})

test('order wants them in order, captions in any', () => {
  assert.ok(right('order', 'First rain, then a dog bark.', 'First rain, then a dog bark.'))
  assert.ok(!right('order', 'First a dog bark, then rain.', 'First rain, then a dog bark.'))
  assert.ok(right('order', 'A dog bark, then rain. Rain.', 'Rain.'))
  assert.ok(right('order', 'First rain. Then a dog bark.', 'First rain, then a dog bark.'))
  assert.ok(
    !right('order', 'A dog bark, then rain.', 'Rain.') && !right('order', 'Rain. A dog bark.', 'Rain.'),
  )
  assert.ok(right('caption', 'A dog bark and rain.', 'Rain, then a dog bark.'))
  assert.ok(!right('caption', 'Rain.', 'Rain, then a dog bark.'))
})

test('yes and no by the word that a sentence begins with', () => {
  assert.ok(right('presence', 'yes, I do', 'Yes.'))
  assert.ok(!right('presence', 'I do not know, yes', 'Yes.'))
  assert.ok(!right('presence', 'No.', 'Yes.'))
  assert.ok(!right('presence', 'Yesterday', 'Yes.'))
  assert.ok(right('presence', 'A dog bark, then rain. Yes.', 'Yes.') && right('presence', 'No: rain.', 'No.'))
  assert.ok(!right('presence', 'A dog bark. No.', 'Yes.') && !right('presence', 'A dog bark.', 'Yes.'))
  assert.ok(!right('presence', 'Yes. No.', 'Yes.') && !right('presence', 'No. Yes.', 'Yes.'))
})

test('counts as word or numeral, one and no other', () => {
  assert.ok(right('count', '2', 'Two.') && right('count', 'two times', 'Two.'))
  assert.ok(!right('count', 'Two or three.', 'Two.') && !right('count', 'Rain.', 'Two.'))
})

test('digits as word or numeral, and none only in its own words', () => {
  assert.ok(right('digit', '3', 'Three.') && right('digit', 'Someone says three.', 'Three.'))
  assert.ok(right('digit', 'no digit is spoken', 'No digit is spoken.'))
  assert.ok(!right('digit', 'No drum is played.', 'No digit is spoken.'))
  assert.ok(!right('digit', 'Three.', 'No digit is spoken.'))
})

test('other tasks want the words themselves, or other words that are accepted', () => {
  assert.ok(right('quiz', 'blue whale', 'Blue whale!'))
  assert.ok(!right('quiz', 'a blue whale', 'Blue whale!'))
  assert.ok(right('quiz', 'A whale.', 'Blue whale', ['a whale']))
})
