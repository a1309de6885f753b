import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measure } from './metric.js'
import { sameTags, tagsF1, tagsIn } from './tags.js'

const nothing = { sound: [], digit: [], drum: [] }
const audioset = {
  ...nothing,
  sound: [
    ...['Speech', 'Male speech, man speaking', 'Speech synthesizer', 'Synthesizer', 'Inside, small room'],
    ...['Vehicle', 'Vehicle horn, car horn, honking', 'Dog', 'Rain'],
  ],
}

test('a label may hold commas, and the longest label counts', () => {
  const read = (list: string) => tagsIn(list, audioset)
  assert.deepEqual(read('Male speech, man speaking'), ['Male speech, man speaking'])
  assert.deepEqual(read('Speech, Male speech, man speaking, inside; small room'), [
    ...['Speech', 'Male speech, man speaking', 'Inside, small room'],
  ])
  assert.deepEqual(read('male speech man speaking\nRain.'), ['Male speech, man speaking', 'Rain'])
  assert.deepEqual(read('A vehicle horn, car horn, honking and rain'), [
    'Vehicle horn, car horn, honking',
    'Rain',
  ])
  assert.deepEqual(read('Dog, dog'), ['Dog'])
})

test('a comma parts labels that are one without it', () => {
  assert.deepEqual(tagsIn('Speech, synthesizer', audioset), ['Speech', 'Synthesizer'])
  assert.deepEqual(tagsIn('Speech synthesizer', audioset), ['Speech synthesizer'])
})

test('what is listed and is no label, or is denied, counts as a label that is wrong', () => {
  assert.deepEqual(tagsIn('A dog, a unicorn', audioset), ['Dog', 'a unicorn'])
  assert.deepEqual(tagsIn('Rain, no dog', audioset), ['Rain', 'no dog'])
  assert.deepEqual(tagsIn(' ,;\n', audioset), [])
})

test('without a vocabulary, labels are what stands between commas', () => {
  assert.deepEqual(tagsIn('Dog, church bells.\nRain', nothing), ['dog', 'church bells', 'rain'])
})

test('labels are the same in any order and case', () => {
  assert.ok(sameTags(['Dog', 'Rain'], ['rain', 'dog']))
  assert.ok(
    !sameTags(['Dog'], ['Dog', 'Rain']) && !sameTags(['Inside, small room'], ['Inside', 'small room']),
  )
})

test('micro F1 counts whole labels', () => {
  const tags = ['Male speech, man speaking', 'Dog']
  const f1 = (answer: string) => measure(tagsF1, [{ tags, named: tagsIn(answer, audioset) }])
  assert.equal(f1('Male speech, man speaking, dog'), 1)
  assert.equal(f1('Male speech'), 0)
  assert.equal(f1('Male speech, man speaking'), 2 / 3)
})
