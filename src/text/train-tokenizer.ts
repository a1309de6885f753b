import { PalError } from '../errors.js'
import { byteCharacters, gpt2Words } from './byte-level.js'
import { MaxHeap } from './max-heap.js'
import { type TokenizerJson, tokenizerJson } from './tokenizer-json.js'

/**
 * Trains a byte-level BPE tokenizer: starting from the 256 bytes, the pair of tokens that is most frequent within
 * the words of the texts becomes a token, again and again. Ids: the special tokens, the bytes in the order of
 * their characters, the merges as they were made. Pairs of equal frequency go by their text, left token first,
 * so the same texts give the same tokenizer.
 * @throws PalError for a vocabulary too small for the bytes, or texts too short to fill it.
 */
export function trainTokenizer(
  texts: Iterable<string>,
  {
    vocabularySize,
    specialTokens,
  }: { readonly vocabularySize: number; readonly specialTokens: readonly string[] },
): TokenizerJson {
  const tokens = [...byteCharacters].sort()
  check(vocabularySize, specialTokens, tokens.length)
  const numberOf = new Map(tokens.map((character, number) => [character, number]))
  const pairs = new PairCounts(countWords(texts, numberOf), tokens)
  const merges: [string, string][] = []
  while (specialTokens.length + tokens.length < vocabularySize) {
    const pair = pairs.takeMostFrequent()
    if (pair === undefined) {
      throw new PalError(
        `expected texts with pairs enough for ${vocabularySize} tokens, got ${specialTokens.length + tokens.length}`,
        { key: 'vocabularySize', hint: 'Give more text or ask for fewer tokens.' },
      )
    }
    const [left, right] = [tokens[pair[0]]!, tokens[pair[1]]!]
    const text = left + right
    if (specialTokens.includes(text)) throw ordinaryWord(text)
    // Two ways to the same text (a+bc, ab+c) are two merges but one token.
    if (!numberOf.has(text)) numberOf.set(text, tokens.push(text) - 1)
    merges.push([left, right])
    pairs.merge(pair, numberOf.get(text)!)
  }
  return tokenizerJson(specialTokens, tokens, merges)
}

/** A word as token numbers, and how often the texts have it. */
interface Word {
  tokens: number[]
  readonly count: number
}

type Pair = readonly [left: number, right: number]

function countWords(texts: Iterable<string>, numberOf: ReadonlyMap<string, number>): Word[] {
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const [word] of text.matchAll(gpt2Words)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].map(([word, count]) => ({
    tokens: Array.from(Buffer.from(word), (byte) => numberOf.get(byteCharacters[byte]!)!),
    count,
  }))
}

/** How often each pair of neighbours stands in the words, kept up to date while pairs are merged. */
class PairCounts {
  readonly #words: readonly Word[]
  readonly #tokens: readonly string[]
  readonly #pairs = new Map<string, { readonly pair: Pair; count: number; readonly words: Set<Word> }>()
  /** Counts change while entries wait here; an entry with an old count is put back with the new one. */
  readonly #queue = new MaxHeap<{ readonly pair: Pair; readonly count: number }>((a, b) => this.#before(a, b))

  constructor(words: readonly Word[], tokens: readonly string[]) {
    this.#words = words
    this.#tokens = tokens
    for (const word of this.#words) this.#add(word, word.count)
    for (const { pair, count } of this.#pairs.values()) this.#queue.push({ pair, count })
  }

  takeMostFrequent(): Pair | undefined {
    for (let entry = this.#queue.pop(); entry; entry = this.#queue.pop()) {
      const { pair } = entry
      const count = this.#pairs.get(pair.join())?.count ?? 0
      if (count === entry.count) return pair
      if (count > 0) this.#queue.push({ pair, count })
    }
    return undefined
  }

  merge(pair: Pair, merged: number): void {
    const grown = new Map<string, Pair>()
    for (const word of [...(this.#pairs.get(pair.join())?.words ?? [])]) {
      this.#add(word, -word.count)
      word.tokens = replaced(word.tokens, pair, merged)
      this.#add(word, word.count)
      // Only pairs with the merged token can have become more frequent than their entry in the queue says.
      for (const neighbours of pairsOf(word.tokens)) {
        if (neighbours.includes(merged)) grown.set(neighbours.join(), neighbours)
      }
    }
    for (const [key, pair] of grown) this.#queue.push({ pair, count: this.#pairs.get(key)!.count })
  }

  #add(word: Word, count: number): void {
    for (const pair of pairsOf(word.tokens)) {
      const key = pair.join()
      const known = this.#pairs.get(key) ?? { pair, count: 0, words: new Set() }
      known.count += count
      if (count > 0) known.words.add(word)
      else known.words.delete(word)
      if (known.count > 0) this.#pairs.set(key, known)
      else this.#pairs.delete(key)
    }
  }

  #before(a: { pair: Pair; count: number }, b: { pair: Pair; count: number }): boolean {
    if (a.count !== b.count) return a.count > b.count
    const text = (token: number) => this.#tokens[token] as string
    const [left, right] = [text(a.pair[0]), text(a.pair[1])]
    const [otherLeft, otherRight] = [text(b.pair[0]), text(b.pair[1])]
    return left === otherLeft ? right < otherRight : left < otherLeft
  }
}

function* pairsOf(tokens: readonly number[]): Generator<Pair> {
  for (let i = 1; i < tokens.length; i++) yield [tokens[i - 1]!, tokens[i]!]
}

function replaced(tokens: readonly number[], [left, right]: Pair, merged: number): number[] {
  const result: number[] = []
  for (let i = 0; i < tokens.length; i++) {
    const isPair = tokens[i] === left && tokens[i + 1] === right
    result.push(isPair ? merged : tokens[i]!)
    if (isPair) i++
  }
  return result
}

function check(vocabularySize: number, specialTokens: readonly string[], bytes: number): void {
  if (new Set(specialTokens).size !== specialTokens.length || specialTokens.includes('')) {
    throw new PalError(`expected special tokens that differ, got ${JSON.stringify(specialTokens)}`, {
      key: 'specialTokens',
    })
  }
  const least = specialTokens.length + bytes
  if (Number.isInteger(vocabularySize) && vocabularySize >= least) return
  throw new PalError(
    `expected room for the special tokens and all bytes, ${least} tokens, got ${vocabularySize}`,
    {
      key: 'vocabularySize',
    },
  )
}

function ordinaryWord(text: string): PalError {
  return new PalError(`expected special tokens that are no words of the texts, got "${text}"`, {
    key: 'specialTokens',
    hint: `Write it so that nobody would type it, such as <|${text}|>.`,
  })
}
