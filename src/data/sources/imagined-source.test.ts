import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../random.js'
import { smallSet } from '../audio.test.fixtures.js'
import { imaginedNames, imaginedSource } from './imagined-source.js'

const where = { key: 'labels' }

test('a label is called by the first of its names, and several may have one', () => {
  const labels = ['Fire engine, fire truck (siren)', 'Rattle', 'Rattle (instrument)', 'Silence', '(?)']
  const names = imaginedNames(labels, ['*'], where)
  assert.deepEqual(
    [...names],
    [
      ['fire engine', [0]],
      ['rattle', [1, 2]],
      ['(?)', [4]],
    ],
  )
  assert.deepEqual([...imaginedNames(labels, ['Ra*', '!*(*'], where)], [['rattle', [1]]])
})

test('patterns that leave nothing, or change nothing, are told', () => {
  assert.throws(() => imaginedNames(['Dog'], ['dog'], where), /"dog", which makes none[\s\S]*capitals count/)
  assert.throws(
    () => imaginedNames(['Dog'], ['!Dog'], where),
    /"!Dog", which makes none[\s\S]*Begin with '\*'/,
  )
  assert.throws(() => imaginedNames(['Dog', 'Silence'], ['Silence'], where), /got none of 2 that is left/)
})

test('what is asked is about the imagined sound, yes and no about as often', () => {
  const names = imaginedNames(['Siren', 'Cricket'], ['*'], where)
  const source = imaginedSource(smallSet(), {
    encoder: 'ear',
    names,
    tasks: { presence: 1 },
    questionsPerAudio: 1,
  })
  const answers = Array.from({ length: 300 }, (_, seed) => {
    const { turns, sounds } = source.draw(new Random('imagined', seed))
    const [turn] = turns
    const named = turn!.question.toLowerCase().includes(sounds![0]!.label)
    if (named) assert.match(turn!.answer, /^Yes/)
    return named
  })
  const yes = answers.filter(Boolean).length / answers.length
  assert.ok(yes > 0.4 && yes < 0.6, `${yes}`)
})
