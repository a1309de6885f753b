import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../random.js'
import { mistyped } from './everyday.js'
import { questionKinds } from './index.js'
import { expand, holdsHeldOut, pickWording } from './wording.js'

test('a grammar expands to all of its sentences', () => {
  assert.deepEqual(expand('(Is|Was) it {a}(, please|)?'), [
    'Is it {a}, please?',
    'Is it {a}?',
    'Was it {a}, please?',
    'Was it {a}?',
  ])
  assert.deepEqual(expand('right (then |)now'), ['right then now', 'right now'])
})

const plain = (sentence: string) => sentence.toLowerCase().replaceAll(/[^a-z{} ]/g, '')

for (const { task, forms } of questionKinds) {
  const train = Object.values(forms).flatMap((form) => form.train.flat())
  const heldOut = Object.values(forms).flatMap((form) => form.heldOut)

  test(`${task} has at least 25 wordings to train on and 5 held out`, () => {
    assert.ok(new Set(train).size >= 25, `${new Set(train).size}`)
    assert.ok(new Set(heldOut).size >= 5, `${new Set(heldOut).size}`)
    for (const form of Object.values(forms)) {
      for (const grammar of form.train) assert.equal(new Set(grammar).size, grammar.length, grammar[0])
    }
    for (const form of Object.values(forms)) assert.ok(form.train.length > 0 && form.heldOut.length > 0)
  })
}

test('no held-out wording of any task is a training wording of any other', () => {
  const all = (split: 'train' | 'heldOut') =>
    questionKinds.flatMap(({ forms }) =>
      Object.values(forms).flatMap((form) => form[split].flat().map(plain)),
    )
  const train = new Set(all('train'))
  assert.deepEqual(
    all('heldOut').filter((sentence) => train.has(sentence)),
    [],
  )
})

test('no training wording holds a held-out one of its form, with something said before or after it', () => {
  const all = questionKinds.flatMap(({ forms }) => Object.values(forms))
  assert.deepEqual(
    all.flatMap((form) => form.train.flat().filter((sentence) => holdsHeldOut(sentence, form))),
    [],
  )
  const list = { train: [], heldOut: ['What comes after {a}?'] }
  assert.ok(holdsHeldOut('Well, what comes after {a}, please?', list))
  assert.ok(!holdsHeldOut('What comes afterwards?', list))
})

test('one word of a wording is mistyped, never a slot', () => {
  const random = new Random(1)
  const seen = new Set(Array.from({ length: 60 }, () => mistyped('What is {after} {a}?', random)))
  assert.deepEqual([...seen].sort(), [
    'Waht is {after} {a}?',
    'Wat is {after} {a}?',
    'Whaat is {after} {a}?',
    'Whhat is {after} {a}?',
    'Wht is {after} {a}?',
    'Whta is {after} {a}?',
  ])
  assert.equal(mistyped('Is it {a}?', random), 'Is it {a}?')
})

test('a slot without words is our mistake', () => {
  const list = { train: [['Is it {a}?']], heldOut: [] }
  assert.throws(() => pickWording(list, 'train', {}, new Random(1)), /\{a\}/)
})
