import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../random.js'
import { answerPhrase, heardPhrase, knownPhrase, verbFor } from './labels.js'

const random = new Random('labels')
const sound = (label: string) => ({ label, kind: 'sound' }) as const

test('answers name the label itself', () => {
  assert.equal(answerPhrase(sound('dog bark')), 'a dog bark')
  assert.equal(answerPhrase(sound('sea waves')), 'sea waves')
  assert.equal(answerPhrase({ label: 'open hi-hat', kind: 'drum' }), 'an open hi-hat')
  assert.equal(answerPhrase({ label: 'three', kind: 'digit' }), 'someone says three')
  assert.equal(answerPhrase({ label: 'noise', kind: 'background' }), 'noise')
})

test('labels of no table follow a rule', () => {
  assert.equal(answerPhrase(sound('owl')), 'an owl')
  assert.equal(answerPhrase(sound('violin')), 'a violin')
  assert.equal(answerPhrase(sound('wind chimes')), 'wind chimes')
  assert.equal(answerPhrase(sound('breaking glass')), 'a breaking glass')
  assert.equal(answerPhrase(sound('glass breaking')), 'glass breaking')
  assert.equal(answerPhrase(sound('constructor')), 'a constructor')
  assert.equal(knownPhrase(sound('owl'), random), 'the owl')
})

test('questions name it in several ways, with verbs that agree', () => {
  const ways = new Set(Array.from({ length: 50 }, () => heardPhrase(sound('dog bark'), random)))
  assert.deepEqual([...ways].sort(), ['a barking dog', 'a dog', 'a dog bark', 'a dog barking'])
  assert.deepEqual(['waves', 'clapping hands', 'a dog', 'rain', 'waves at the sea'].map(verbFor), [
    'are',
    'are',
    'is',
    'is',
    'are',
  ])
})
