import { PalError } from '../../errors.js'
import type { Recipe, Stage } from './recipe.js'

/**
 * Checks what one part of a recipe takes for granted of another: the names that it uses, and what must be there to be heard.
 * @throws PalError naming file and key
 */
export function checkParts({ data, sources, stages, model }: Recipe, file: string): void {
  for (const [name, source] of Object.entries(sources)) {
    if (source.kind === 'manifest') continue
    if (source.kind === 'imagined') {
      const known = Object.fromEntries(model.encoders.map((encoder) => [encoder.name, encoder]))
      expectName(source.encoder, known, 'an encoder', { file, key: `sources.${name}.encoder` })
    }
    for (const set of source.sets ?? []) {
      expectName(set, data.sets, 'a set', { file, key: `sources.${name}.sets` })
    }
  }
  for (const [i, { batches }] of stages.entries()) {
    for (const [j, { mix, misheard, audios }] of batches.entries()) {
      const at = `stages.${i}.batches.${j}`
      for (const name of Object.keys(mix)) expectName(name, sources, 'a source', { file, key: `${at}.mix` })
      if (misheard && audios < 2) {
        throw new PalError('expected a batch that has another audio to hear, got one of 1', {
          file,
          key: `${at}.misheard`,
        })
      }
    }
  }
  for (const changed of changedHearing(stages)) checkHearing(changed, model, file)
}

interface Where {
  readonly file: string
  readonly key: string
}

function expectName(
  name: string,
  known: Readonly<Record<string, unknown>>,
  what: string,
  where: Where,
): void {
  if (Object.hasOwn(known, name)) return
  throw new PalError(`expected the name of ${what} (${Object.keys(known).join(', ')}), got "${name}"`, where)
}

/** That a stage has the language model hear otherwise than its encoders do. */
interface ChangedHearing {
  readonly key: string
  readonly objective: Stage['objective']
  /** How often, by encoder. */
  readonly shares: Readonly<Record<string, number>>
}

function changedHearing(stages: readonly Stage[]): readonly ChangedHearing[] {
  return stages.flatMap(({ objective, encoderDropout, batches }, i) =>
    [
      { key: `stages.${i}.encoderDropout`, shares: encoderDropout },
      ...batches.map(({ misheard }, j) => ({ key: `stages.${i}.batches.${j}.misheard`, shares: misheard })),
    ].flatMap(({ key, shares }) => (shares ? [{ key, objective, shares }] : [])),
  )
}

function checkHearing(
  { key, objective, shares }: ChangedHearing,
  { encoders, integration }: Recipe['model'],
  file: string,
): void {
  const expect = (holds: boolean, where: string, got: string) => {
    if (!holds) throw new PalError(`expected it ${where}, got ${got}`, { file, key })
  }
  const known = Object.fromEntries(encoders.map((encoder) => [encoder.name, encoder]))
  for (const name of Object.keys(shares)) expectName(name, known, 'an encoder', { file, key })
  expect(encoders.length > 1, 'where there is another encoder to listen to', 'a model of one')
  expect(objective === 'answers', 'in a stage that learns answers', `one that learns ${objective}`)
  // A summary is read from an encoder's tokens even where all of them are hidden.
  const isUnified = integration.kind === 'pal' && 'summaryTokens' in integration.form
  expect(!isUnified, 'where no summary is made of what is heard', 'the unified form of PAL')
}
