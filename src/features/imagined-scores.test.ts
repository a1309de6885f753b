import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../random.js'
import { ImaginedScores } from './imagined-scores.js'

const [LABELS, STATES, TOKENS] = [40, 200, 30]
const [SIREN, AMBULANCE] = [0, 1]

/** As of YAMNet's, most weights speak against a label; what speaks for one of the two speaks for the other, but for a tenth. */
const { weight, bias } = (() => {
  const random = new Random('classifier')
  const weight = Float32Array.from({ length: LABELS * STATES }, () =>
    random.chance(0.2) ? random.uniform(0, 1) : random.uniform(-6, 0),
  )
  weight.copyWithin(AMBULANCE * STATES, SIREN * STATES, SIREN * STATES + 0.9 * STATES)
  return { weight, bias: Float32Array.from({ length: LABELS }, () => random.uniform(-0.2, 0.2)) }
})()
const imagined = new ImaginedScores(weight, bias)

test('the label is heard as surely as a recording of it might be, in each token otherwise', () => {
  for (let label = 0; label < LABELS; label++) {
    const own = column(imagined.scores(label, TOKENS, label), label)
    for (const score of own) assert.ok(score >= 0.3 && score < 1, `${score}`)
    assert.ok(Math.min(...own) < 0.5 && Math.max(...own) > 0.8)
    assert.equal(new Set(own).size, TOKENS)
  }
})

test('what is like it is heard with it, all else hardly', () => {
  const scores = imagined.scores(SIREN, 300, 7)
  const means = Array.from({ length: LABELS }, (_, label) => mean(column(scores, label)))
  const others = means.filter((_, label) => label !== SIREN && label !== AMBULANCE)
  assert.ok(means[AMBULANCE]! > 3 * Math.max(...others), `${means[AMBULANCE]} and ${Math.max(...others)}`)
  assert.ok(mean(others) < 0.1, `${mean(others)}`)
})

test('a seed says it all', () => {
  assert.deepEqual(imagined.scores(3, TOKENS, 1), imagined.scores(3, TOKENS, 1))
  assert.notDeepEqual(imagined.scores(3, TOKENS, 1), imagined.scores(3, TOKENS, 2))
  assert.deepEqual(imagined.scores(3, 5, 1), imagined.scores(3, TOKENS, 1).subarray(0, 5 * LABELS))
})

test('a label that nothing speaks for has the score of its bias, not none', () => {
  const mute = new ImaginedScores(Float32Array.of(-1, -1, 0.5, 0.5), Float32Array.of(0.1, 0))
  const own = mute.scores(0, TOKENS, 1).filter((_, i) => i % 2 === 0)
  assert.ok(own.every((score) => score > 0 && score <= 1 / (1 + Math.exp(-0.1)) + 1e-6))
})

function column(scores: Float32Array, label: number): readonly number[] {
  return Array.from(scores).filter((_, i) => i % LABELS === label)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
