import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bleu } from './bleu.js'
import type { CaptionCase } from './caption-case.js'
import { ciderD } from './cider-d.js'
import { close, readFixture } from './fixtures.test.helper.js'
import { measure } from './metric.js'
import { ptbWords } from './ptb-words.js'
import { rougeL } from './rouge-l.js'

const { cases, words, ...reference } = readFixture<{
  readonly cases: readonly CaptionCase[]
  readonly words: readonly (readonly [text: string, words: string])[]
  readonly bleu: readonly number[]
  readonly rougeL: { readonly mean: number; readonly each: readonly number[] }
  readonly ciderD: { readonly mean: number; readonly each: readonly number[] }
}>('captions')

test('words are those of the Penn Treebank tokenizer of pycocoevalcap', () => {
  for (const [text, expected] of words) assert.equal(ptbWords(text).join(' '), expected, text)
})

test('BLEU, ROUGE-L and CIDEr-D are those of pycocoevalcap', () => {
  for (const [i, expected] of reference.bleu.entries()) {
    const value = measure(bleu(i + 1), cases)
    assert.ok(close(value, expected), `BLEU-${i + 1}: ${value} for ${expected}`)
  }
  for (const [name, metric] of [
    ['rougeL', rougeL],
    ['ciderD', ciderD],
  ] as const) {
    const score = metric(cases)
    assert.ok(close(measure(metric, cases), reference[name].mean), name)
    for (const [i, expected] of reference[name].each.entries()) {
      assert.ok(close(score([i]), expected), `${name} of ${i}: ${score([i])} for ${expected}`)
    }
  }
})

test('a case drawn twice counts twice, and one alone has no CIDEr-D', () => {
  const doubled = measure(bleu(4), [...cases, ...cases])
  assert.ok(close(bleu(4)(cases)([...cases.keys(), ...cases.keys()]), doubled))
  assert.ok(Number.isNaN(measure(ciderD, cases.slice(0, 1))))
})
