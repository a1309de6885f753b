import { PalError } from '../../errors.js'

/** Where a user says that bases are: paths or names. */
export interface ChosenBases {
  readonly llm?: string
  /** For a model of one encoder its base, else `encoder=base`. */
  readonly encoders?: readonly string[]
}

/**
 * Which base is meant for which encoder.
 * @param chosen bases, or `encoder=base`
 * @throws PalError for a base that could be meant for several encoders, or for none
 */
export function chosenEncoders(
  chosen: readonly string[],
  encoders: readonly { readonly name: string }[],
): ReadonlyMap<string, string> {
  const names = encoders.map(({ name }) => name)
  const places = new Map<string, string>()
  for (const text of chosen) {
    const [, named, rest] = /^(\w+)=(.+)$/.exec(text) ?? []
    const isNamed = named !== undefined && names.includes(named)
    const [only] = names
    if (!isNamed && (names.length > 1 || only === undefined)) {
      throw new PalError(`expected NAME=BASE, NAME being an encoder (${names.join(', ')}), got "${text}"`, {
        key: '--encoder',
      })
    }
    const encoder = isNamed ? named : (only as string)
    if (places.has(encoder)) {
      throw new PalError(`expected one base for the encoder "${encoder}", got two`, { key: '--encoder' })
    }
    places.set(encoder, isNamed ? (rest as string) : text)
  }
  return places
}
