import { isDeepStrictEqual } from 'node:util'
import { PalError } from '../errors.js'
import { baseOf } from '../model/bases/bases.js'
import type { ModelConfig } from '../model/config/config.js'
import { type BaseRecords, readDescription } from '../model/config/model-description.js'
import { isLora, type LoraConfig } from '../nn/lora.js'
import { matcher } from '../patterns.js'
import { openWeights } from '../weights/open-weights.js'
import { readTensor, type StoredTensor } from '../weights/safetensors.js'
import type { TakenOver } from './inherited.js'
import { HEAD_PREFIX } from './labels.js'
import type { RunWeights } from './parameters.js'
import { expectSameSettings } from './start-settings.js'
import { partOf } from './trained-parts.js'

/**
 * Takes over the weights of a trained model, those whose names match. What that model has from a base without having
 * trained it, this one must have from the same base.
 *
 * @param folder of that model
 * @param weights this run's, before its first step
 * @param built what this run's model is, and what it is built on
 * @returns what was taken over, but for what both have from one base, and what the patterns match that has no place here
 * @throws PalError for patterns that match nothing, for weights that the other model lacks, has in another shape or in
 *   blocks, or has trained where this run leaves the base's, and for parts that compute with their weights otherwise, or
 *   have no place for some of them
 */
export async function startFrom(
  folder: string,
  patterns: readonly string[],
  { own, sizes }: Pick<RunWeights, 'own' | 'sizes'>,
  { bases, config }: { readonly bases: BaseRecords | undefined; readonly config: ModelConfig },
): Promise<TakenOver> {
  const isMeant = matcher(patterns)
  const names = [...sizes.keys()].filter((name) => isMeant(name) && !name.startsWith(HEAD_PREFIX))
  if (names.length === 0) {
    throw new PalError(`expected patterns that match parameters, got ${patterns.join(', ')}`, {
      key: 'start.parameters',
    })
  }
  const stored = await openWeights(folder)
  const { name: called, bases: theirs, model } = await readDescription(folder)
  expectSameLora(folder, isMeant, [...stored.keys()], model.lora, config.lora)
  expectSameSettings({ folder, model }, config, names)
  expectWhole(folder, names, stored)
  const taken = new Set<string>()
  for (const name of names) {
    const entry = own.entries.get(name)
    const tensor = stored.get(name)
    const base = baseOf(theirs, name)
    if (entry && tensor?.shape.join() === entry.shape.join()) {
      own.get(name).set(await readTensor(tensor))
      taken.add(name)
    } else if (!entry && tensor) {
      throw new PalError(
        `expected "${name}" to be the base's in both models, got one that was trained there`,
        {
          file: folder,
          key: 'start.parameters',
          hint: 'Train it here, too (`trained` of a stage), or leave it out of what is taken over.',
        },
      )
    } else if (tensor || !base || base.sha256 !== baseOf(bases, name)?.sha256) {
      const got = tensor ? `[${tensor.shape.join(', ')}]` : base ? "another base's" : 'none'
      const expected = entry ? ` of shape [${entry.shape.join(', ')}]` : ''
      throw new PalError(`expected a tensor "${name}"${expected}, got ${got}`, { file: folder })
    }
  }
  return { model: called, names: taken, left: leftBehind(folder, [...stored.keys()].filter(isMeant), names) }
}

/**
 * What is meant to be taken over and has no place. A connector or an integration may be new, and an encoder may be left away; a
 * language model or an encoder that lacks layers is one that nobody has trained.
 */
function leftBehind(folder: string, meant: readonly string[], names: readonly string[]): readonly string[] {
  const [own, parts] = [new Set(names), new Set(names.map(partOf))]
  const left = meant.filter((name) => !own.has(name))
  const torn = left.find((name) => WHOLE.test(name) && !isLora(name) && parts.has(partOf(name)))
  if (torn === undefined) return left
  throw new PalError(`expected a place for "${torn}" of the model that the run starts from, got none`, {
    file: folder,
    key: 'start.parameters',
    hint: `Give the ${partOf(torn)} all that it has there, or leave it out on purpose: '!${torn.replace(WITHIN_LAYER, '$1*')}'.`,
  })
}

/** Parts that are of little use without some of their weights. */
const WHOLE = /^llm\.|^encoders\.\w+\.encoder\./

const WITHIN_LAYER = /(\.layers\.\d+\.).*/

/** What was rounded to blocks is not what the model was trained to. */
function expectWhole(
  folder: string,
  names: readonly string[],
  stored: ReadonlyMap<string, StoredTensor>,
): void {
  if (!names.some((name) => stored.get(name)?.dtype === 'U8')) return
  throw new PalError('expected a model of full precision, got one that is quantised', {
    file: folder,
    key: 'start.model',
    hint: "Start from the model that it was made of, or leave the language model out: parameters: ['*', '!llm.*'].",
  })
}

/** What LoRA learnt means nothing without its projections and its scale. */
function expectSameLora(
  folder: string,
  isMeant: (name: string) => boolean,
  stored: readonly string[],
  theirs: LoraConfig | undefined,
  ours: LoraConfig | undefined,
): void {
  if (!stored.some((name) => isLora(name) && isMeant(name)) || isDeepStrictEqual(theirs, ours)) return
  throw new PalError(
    `expected the model to have the LoRA of the one it starts from, ${JSON.stringify(theirs)}, got ${JSON.stringify(ours) ?? 'none'}`,
    {
      file: folder,
      key: 'start.parameters',
      hint: 'Give it the same `model.lora`, or start with patterns that leave `*.lora_*` out.',
    },
  )
}
