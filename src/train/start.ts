import { isDeepStrictEqual } from 'node:util'
import { PalError } from '../errors.js'
import { baseOf } from '../model/bases/bases.js'
import { type BaseRecords, readDescription } from '../model/config/model-description.js'
import { isLora, type LoraConfig } from '../nn/lora.js'
import { matcher } from '../patterns.js'
import { openWeights } from '../weights/open-weights.js'
import { readTensor } from '../weights/safetensors.js'
import type { TakenOver } from './inherited.js'
import { HEAD_PREFIX } from './labels.js'
import type { RunWeights } from './parameters.js'

/**
 * Takes over the weights of a trained model, those whose names match. What that model has from a base without having
 * trained it, this one must have from the same base.
 *
 * @param folder of that model
 * @param weights this run's, before its first step
 * @param built what this run is built on, and what of it LoRA adapts
 * @returns what was taken over; what both have from one base is not
 * @throws PalError for patterns that match nothing, and for weights that the other model lacks, has in another shape, or
 *   has trained where this run leaves the base's
 */
export async function startFrom(
  folder: string,
  patterns: readonly string[],
  { own, sizes }: Pick<RunWeights, 'own' | 'sizes'>,
  { bases, lora }: { readonly bases: BaseRecords | undefined; readonly lora: LoraConfig | undefined },
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
  expectSameLora(folder, isMeant, [...stored.keys()], model.lora, lora)
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
  return { model: called, names: taken }
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
