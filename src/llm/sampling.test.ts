import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../random.js'
import { createSampler, type SamplingOptions } from './sampling.js'

const logits = Float32Array.from([0.1, 0.5, 0.3, 0.1].map(Math.log))

test('greedy by default, and the first of equals', () => {
  assert.equal(createSampler()(logits), 1)
  assert.equal(createSampler()(Float32Array.from([1, 2, 2])), 1)
})

describe('drawing', () => {
  const cases: readonly [name: string, options: SamplingOptions, probabilities: readonly number[]][] = [
    ['by the probabilities', { temperature: 1 }, [0.1, 0.5, 0.3, 0.1]],
    ['flatter', { temperature: 2 }, [0.166, 0.371, 0.288, 0.166]],
    ['topK', { temperature: 1, topK: 2 }, [0, 0.625, 0.375, 0]],
    ['topP keeps the token that crosses it', { temperature: 1, topP: 0.6 }, [0, 0.625, 0.375, 0]],
    ['topP always keeps one', { temperature: 1, topP: 0.01 }, [0, 1, 0, 0]],
    ['minP', { temperature: 1, minP: 0.5 }, [0, 0.625, 0.375, 0]],
    ['minP always keeps one', { temperature: 1, minP: 1 }, [0, 1, 0, 0]],
    // Among the three that topK keeps, 0.5/0.9 is less than 0.56, 0.5 would not be less than 0.5.
    [
      'topP counts among those that topK keeps',
      { temperature: 1, topK: 3, topP: 0.56 },
      [0, 0.625, 0.375, 0],
    ],
  ]
  for (const [name, options, probabilities] of cases) {
    test(name, () => {
      const sample = createSampler(options)
      const counts = [0, 0, 0, 0]
      for (let i = 0; i < 10000; i++) counts[sample(logits)]!++
      for (const [token, probability] of probabilities.entries()) {
        assert.ok(Math.abs(counts[token]! / 10000 - probability) < 0.02, `${counts}`)
      }
    })
  }

  test('a seed draws the same', () => {
    const draws = (seed: number) => {
      const sample = createSampler({ temperature: 1, seed })
      return Array.from({ length: 30 }, () => sample(logits)).join('')
    }
    assert.equal(draws(4), draws(4))
    assert.notEqual(draws(4), draws(5))
  })

  test('the order of a long vocabulary', () => {
    const random = new Random('long vocabulary')
    const long = Float32Array.from({ length: 5000 }, () => random.normal() * 3)
    const best = [...long.keys()].sort((a, b) => long[b]! - long[a]!).slice(0, 40)
    const sample = createSampler({ temperature: 50, topK: 40 })
    const drawn = new Set(Array.from({ length: 2000 }, () => sample(long)))
    assert.deepEqual([...drawn].sort(), best.sort())
  })

  test('scores far apart', () => {
    assert.equal(createSampler({ temperature: 0.01 })(Float32Array.from([-1e4, 1e4, 0])), 1)
  })
})

describe('scores that are none are refused, however a token is chosen', () => {
  const ways: readonly SamplingOptions[] = [
    ...[{}, { temperature: 1 }, { temperature: 1, topK: 1 }, { temperature: 1, topK: 2 }],
    ...[{ temperature: 1, topP: 0.5 }, { temperature: 1, minP: 0.5 }, { repetitionPenalty: 2 }],
  ]
  for (const options of ways) {
    test(JSON.stringify(options), () => {
      const sample = createSampler(options)
      for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
        for (const token of logits.keys()) {
          const damaged = logits.with(token, wrong)
          const message = new RegExp(`^expected finite scores, got ${wrong} for token ${token}\\n`)
          assert.throws(() => sample(damaged, new Set([1])), { name: 'PalError', message })
        }
      }
      assert.throws(
        () => sample(new Float32Array(4).fill(Number.NEGATIVE_INFINITY)),
        /expected finite scores/,
      )
      assert.equal(sample(new Float32Array(4).fill(Number.NEGATIVE_INFINITY).with(2, -1)), 2)
    })
  }
})

describe('repetition penalty', () => {
  const scores = Float32Array.from([2, 1.5, -1, -0.9])

  test('tokens that were seen become less likely, of either sign', () => {
    const sample = createSampler({ repetitionPenalty: 1.5 })
    assert.equal(sample(scores, new Set([0])), 1, '2/1.5 is below 1.5')
    assert.equal(sample(scores.subarray(2), new Set([1])), 0, '−0.9·1.5 is below −1')
    assert.deepEqual(
      [...scores],
      [...Float32Array.from([2, 1.5, -1, -0.9])],
      'the scores are left as they are',
    )
  })

  test('nothing seen, or ids beyond the vocabulary', () => {
    const sample = createSampler({ repetitionPenalty: 1.5 })
    assert.equal(sample(scores), 0)
    assert.equal(sample(scores, new Set([7])), 0)
  })
})

test('options out of range are named', () => {
  const bad: SamplingOptions[] = [
    { temperature: -1 },
    { temperature: Number.NaN },
    { topK: 0 },
    { topK: 1.5 },
    { topP: 0 },
    { topP: 1.1 },
    { minP: -0.1 },
    { minP: 1.1 },
    { repetitionPenalty: 0 },
    { seed: 0.5 },
  ]
  for (const options of bad) {
    assert.throws(
      () => createSampler(options),
      new RegExp(`${Object.keys(options)[0]}: expected .* got ${Object.values(options)[0]}`),
    )
  }
})
