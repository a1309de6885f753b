import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../random.js'
import { byteCharacters, gpt2Words } from './byte-level.js'
import { corpus } from './text.test.fixtures.js'
import { trainTokenizer } from './train-tokenizer.js'

const train = (texts: Iterable<string>, merges: number, specialTokens: readonly string[] = []) =>
  trainTokenizer(texts, { vocabularySize: 256 + specialTokens.length + merges, specialTokens })

test('the most frequent pairs are merged, first by count and then by text', () => {
  const { merges } = train(['ab ab ab xy xy cd cd'], 4).model
  assert.deepEqual(merges, [
    ['a', 'b'],
    ['c', 'd'],
    ['x', 'y'],
    ['Ġ', 'ab'],
  ])
})

test('special tokens have the first ids, then the bytes, then the merges', () => {
  const { model, added_tokens } = train(['ab ab'], 1, ['<|a|>', '<|b|>'])
  assert.deepEqual(
    added_tokens.map(({ id, content }) => [id, content]),
    [
      [0, '<|a|>'],
      [1, '<|b|>'],
    ],
  )
  assert.equal(model.vocab['!'], 2)
  assert.equal(model.vocab.ab, 258)
  assert.deepEqual([...new Set(Object.values(model.vocab))].length, 259)
})

test('counts that are kept up to date equal counts made anew', () => {
  const random = new Random('bpe', 1)
  const words = Array.from({ length: 120 }, () =>
    Array.from({ length: 1 + random.integer(9) }, () => random.pick(['a', 'b', 'c', 'é'])).join(''),
  )
  for (const texts of [corpus, [words.join(' ')]]) {
    const { merges } = train(texts, 60).model
    assert.deepEqual(merges, slowMerges(texts, 60))
  }
})

test('the same texts give the same tokenizer, however they are cut into pieces', () => {
  const once = train(corpus, 100)
  assert.deepEqual(train(new Set([...corpus].reverse()), 100), once)
})

test('what cannot be trained is said', () => {
  assert.throws(() => train(['ab'], -1), /vocabularySize: .*256 tokens, got 255/)
  assert.throws(() => train(['ab ab'], 5), /vocabularySize: .*261 tokens, got 258\n.*fewer/)
  assert.throws(() => train(['ab ab'], 1, ['x', 'x']), /specialTokens: .*differ/)
  assert.throws(() => train(['the end of the end'], 8, ['end']), /specialTokens: .*"end"\n.*<\|end\|>/)
})

/** The algorithm without any cleverness: all pairs of all words counted anew before each merge. */
function slowMerges(texts: readonly string[], count: number): string[][] {
  const words = texts
    .flatMap((text) => text.match(gpt2Words) ?? [])
    .map((word) => Array.from(Buffer.from(word), (byte) => byteCharacters[byte] as string))
  const known = new Set(byteCharacters)
  const merges: string[][] = []
  while (known.size < 256 + count) {
    const counts = new Map<string, number>()
    for (const word of words) {
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`
        counts.set(pair, (counts.get(pair) ?? 0) + 1)
      }
    }
    const most = Math.max(...counts.values())
    const ties = [...counts]
      .filter(([, n]) => n === most)
      .map(([pair]) => pair.split(' ') as [string, string])
    const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
    const [left, right] = ties.sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]))[0] as [string, string]
    merges.push([left, right])
    known.add(left + right)
    for (const word of words) {
      for (let i = 1; i < word.length; i++) {
        if (word[i - 1] === left && word[i] === right) word.splice(i - 1, 2, left + right)
      }
    }
  }
  return merges
}
