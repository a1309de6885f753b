import { isDeepStrictEqual } from 'node:util'
import { PalError } from '../errors.js'
import type { ModelConfig } from '../model/config/config.js'
import { quoted } from '../quoted.js'

/** A model whose weights another one takes over. */
interface Started {
  readonly folder: string
  readonly model: ModelConfig
}

/**
 * Expects what weights are computed with to be the same in both models: shapes do not show how many heads share a
 * projection, or what a mel bin is, and with others the weights are of little use. Of connectors and integrations nothing is
 * compared, as they may be new. Neither are embeddings that are taken over alone.
 *
 * @param names of the weights that are taken over
 * @throws PalError naming the setting, for the first that differs
 */
export function expectSameSettings(
  { folder, model }: Started,
  ours: ModelConfig,
  names: readonly string[],
): void {
  const takesFrom = (prefix: string) => names.some((name) => name.startsWith(prefix))
  const parts = ours.encoders.flatMap(({ name, encoder }, i) => {
    const theirs = model.encoders.find((other) => other.name === name)?.encoder
    return theirs && takesFrom(`encoders.${name}.encoder.`)
      ? [{ key: `model.encoders.${i}.encoder`, theirs, ours: encoder }]
      : []
  })
  const llm = { key: 'model.llm', theirs: model.llm, ours: ours.llm }
  for (const { key, ...both } of takesFrom('llm.model.layers.') ? [...parts, llm] : parts) {
    const [was, is] = [settingsOf(both.theirs), settingsOf(both.ours)]
    for (const setting of new Set([...was.keys(), ...is.keys()])) {
      if (isDeepStrictEqual(was.get(setting), is.get(setting))) continue
      throw new PalError(
        `expected ${said(was.get(setting))}, as the model in ${folder} has it, whose weights are taken over, got ${said(is.get(setting))}`,
        { key: `${key}.${setting}`, hint: HINT },
      )
    }
  }
}

/** By name, what is not told by the shapes and names of weights, and shapes what they hear or say. */
function settingsOf(part: object): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(part).filter(([setting]) => !SHOWN.has(setting) && !FREE.has(setting)))
}

/** Settings that have weights of another shape, more of them or fewer, where they differ. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['hiddenSize', 'feedForwardSize', 'vocabularySize', 'layers', 'depths', 'channels', 'stem', 'positions'],
  ...['queryKeyValueBias', 'queryKeyNorm', 'tieEmbeddings'],
])

/** How much is heard at once, and what of it is given on, are for the new model to choose: Whisper's windows are often shortened. */
const FREE: ReadonlySet<string> = new Set(['windowSeconds', 'tokens'])

const HINT =
  'Give it the same, or leave the weights of this part out of `start.parameters`: they were trained with the other.'

const said = (value: unknown) => (value === undefined ? 'none' : quoted(value))
