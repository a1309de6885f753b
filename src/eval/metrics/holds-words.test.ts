import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdsWords } from './holds-words.js'

const holds = (answer: string, ...references: string[]) => holdsWords(answer, references)

test('the expected words stand somewhere in the answer, together and in their order', () => {
  assert.ok(holds('helicopter', 'helicopter'))
  assert.ok(holds('A helicopter.', 'helicopter'))
  assert.ok(holds('I hear a helicopter, far away', 'Helicopter.'))
  assert.ok(holds('It is a light-blue car', 'light blue'))
  assert.ok(holds('There are 2 of them.', 'two'))
  assert.ok(holds('a plane', 'helicopter', 'Plane'), 'any of those that are accepted')
  assert.ok(!holds('helicopters', 'helicopter'))
  assert.ok(!holds('rain, then light', 'light rain'))
  assert.ok(!holds('light and heavy rain', 'light rain'))
  assert.ok(!holds('', 'helicopter') && !holds('Anything.', '…'))
})

test('what is denied does not count, unless the expected words deny it', () => {
  assert.ok(!holds('It is not a dog.', 'dog'))
  assert.ok(!holds("That isn't a dog", 'dog') && !holds('That isn’t a dog', 'dog'))
  assert.ok(!holds('A dog? No.', 'dog'))
  assert.ok(holds('It does not rain.', 'It does not rain'))
  assert.ok(holds('No, nothing is heard; it is not raining.', 'no'), 'a reason')
  assert.ok(!holds('It is not true that no dog barks.', 'no dog'))
})
