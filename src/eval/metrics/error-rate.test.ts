import assert from 'node:assert/strict'
import { test } from 'node:test'
import { characterErrorRate, type Normalizer, type TranscriptCase, wordErrorRate } from './error-rate.js'
import { close, readFixture } from './fixtures.test.helper.js'
import { measure } from './metric.js'
import { normalizeBasic } from './normalize-basic.js'
import { normalizeEnglish } from './normalize-english.js'

const { normalized, pairs, rates } = readFixture<{
  readonly normalized: readonly (readonly [text: string, basic: string, english: string])[]
  readonly pairs: readonly { readonly answer: string; readonly reference: string }[]
  readonly rates: Readonly<Record<string, { wer: number; cer: number; each: readonly (readonly number[])[] }>>
}>('transcripts')

const cases = (some: typeof pairs): readonly TranscriptCase[] =>
  some.map(({ answer, reference }) => ({ answer, references: [reference] }))

test('the basic normaliser is Whisper’s', () => {
  for (const [text, basic] of normalized) assert.equal(normalizeBasic(text), basic, text)
})

test('the English normaliser is Whisper’s', () => {
  for (const [text, , english] of normalized) assert.equal(normalizeEnglish(text), english, text)
})

const normalizers: Readonly<Record<string, Normalizer>> = {
  plain: (text) => text,
  basic: normalizeBasic,
  english: normalizeEnglish,
}

for (const [name, normalize] of Object.entries(normalizers)) {
  test(`word and character error rates are jiwer’s: ${name}`, () => {
    const expected = rates[name]!
    assert.ok(close(measure(wordErrorRate(normalize), cases(pairs)), expected.wer))
    assert.ok(close(measure(characterErrorRate(normalize), cases(pairs)), expected.cer))
    const said = pairs.filter(({ reference }) => normalize(reference).trim())
    for (const [i, [wer, cer]] of expected.each.entries()) {
      assert.ok(close(wordErrorRate(normalize)(cases(said))([i]), wer!), said[i]?.reference)
      assert.ok(close(characterErrorRate(normalize)(cases(said))([i]), cer!), said[i]?.reference)
    }
  })
}

test('errors are counted over all that was said, and words heard in silence are errors', () => {
  const rate = (...cases: TranscriptCase[]) =>
    measure(
      wordErrorRate((text) => text),
      cases,
    )
  const right = { references: ['a b c d'], answer: 'a b c d' }
  assert.equal(rate(right, { references: ['e'], answer: 'f' }), 1 / 5)
  assert.equal(rate({ references: [''], answer: 'so it is' }), 3)
  assert.equal(rate({ references: [''], answer: '' }), 0)
})

test('of several references the nearest counts, by words and by characters, the first of those that are', () => {
  const one = { references: ['ten past two', 'two ten', 'two ten'], answer: 'two ten' }
  const missed = { references: ['a b c', 'a b'], answer: 'a b x' } // One error each: of three words, not of two.
  const plain = (text: string) => text
  assert.equal(measure(wordErrorRate(plain), [one]), 0)
  assert.equal(measure(characterErrorRate(plain), [one]), 0)
  assert.equal(measure(wordErrorRate(plain), [missed]), 1 / 3)
  assert.equal(measure(wordErrorRate(plain), [one, missed]), 1 / 5)
})
