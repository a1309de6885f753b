/** The English words that numbers are made of, as Whisper's normaliser knows them. */

export const zeros: ReadonlySet<string> = new Set(['o', 'oh', 'zero'])

const units = [
  ...['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],
  ...['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
]
export const ones: ReadonlyMap<string, bigint> = new Map(units.map((word, i) => [word, BigInt(i + 1)]))

export const tens: ReadonlyMap<string, bigint> = new Map(
  ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'].map((word, i) => [
    word,
    BigInt(10 * (i + 2)),
  ]),
)

export const multipliers: ReadonlyMap<string, bigint> = new Map<string, bigint>([
  ['hundred', 100n],
  ...['thousand', 'million', 'billion', 'trillion', 'quadrillion', 'quintillion', 'sextillion', 'septillion']
    .concat('octillion', 'nonillion', 'decillion')
    .map((word, i) => [word, 1000n ** BigInt(i + 1)] as const),
])

/** A word such as "sixes" or "third": its number, and what is written after the digits. */
export type Suffixed = readonly [value: bigint, suffix: string]

export const suffixedOnes: ReadonlyMap<string, Suffixed> = new Map<string, Suffixed>([
  ...[...ones].map(([word, value]) => [word === 'six' ? 'sixes' : `${word}s`, [value, 's']] as const),
  ...[...ones]
    .filter(([, value]) => value > 3n && value !== 5n && value !== 12n)
    .map(([word, value]) => [word + (word.endsWith('t') ? 'h' : 'th'), [value, 'th']] as const),
  ['zeroth', [0n, 'th']],
  ['first', [1n, 'st']],
  ['second', [2n, 'nd']],
  ['third', [3n, 'rd']],
  ['fifth', [5n, 'th']],
  ['twelfth', [12n, 'th']],
])

export const suffixedTens: ReadonlyMap<string, Suffixed> = new Map<string, Suffixed>(
  [...tens].flatMap(([word, value]) => [
    [word.replace('y', 'ies'), [value, 's']] as const,
    [word.replace('y', 'ieth'), [value, 'th']] as const,
  ]),
)

export const suffixedMultipliers: ReadonlyMap<string, Suffixed> = new Map<string, Suffixed>(
  [...multipliers].flatMap(([word, value]) => [
    [`${word}s`, [value, 's']] as const,
    [`${word}th`, [value, 'th']] as const,
  ]),
)

/** Signs said before a number. */
export const signs: ReadonlyMap<string, string> = new Map([
  ['minus', '-'],
  ['negative', '-'],
  ['plus', '+'],
  ['positive', '+'],
])

/** Currencies, said after a number and written before it. */
export const currencies: ReadonlyMap<string, string> = new Map([
  ['pound', '£'],
  ['pounds', '£'],
  ['euro', '€'],
  ['euros', '€'],
  ['dollar', '$'],
  ['dollars', '$'],
  ['cent', '¢'],
  ['cents', '¢'],
])

export const prefixes: ReadonlySet<string> = new Set([...signs.values(), ...currencies.values()])

/** Words that a decimal may go on with, after "point". */
export const isDecimal = (word: string) => ones.has(word) || tens.has(word) || zeros.has(word)

const others = new Set(['per', 'percent', 'and', 'double', 'triple', 'point'])

/** Whether a word may be part of a number. */
export const isNumberWord = (word: string) =>
  zeros.has(word) ||
  others.has(word) ||
  [ones, suffixedOnes, tens, suffixedTens, multipliers, suffixedMultipliers, signs, currencies].some((map) =>
    map.has(word),
  )
