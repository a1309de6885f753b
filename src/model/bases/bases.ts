import { isLora } from '../../nn/lora.js'
import type { WeightSource } from '../../runtime/runtime.js'
import type { OpenedEncoder } from '../checkpoints/open-encoder.js'
import type { OpenedLanguageModel } from '../checkpoints/open-language-model.js'
import type { BaseRecord, BaseRecords } from '../config/model-description.js'

/** The pretrained models that a model is built on, open. */
export interface Bases {
  readonly llm?: OpenedLanguageModel
  /** By the encoder's name in the model. */
  readonly encoders: ReadonlyMap<string, OpenedEncoder>
}

/**
 * A model's weights that its bases give, by their names in the model. One that a base should give and does not is a fault:
 * nobody may take it for a weight that is yet to be drawn.
 */
export function baseWeights({ llm, encoders }: Bases): (name: string) => WeightSource | undefined {
  return (name) => {
    if (isLora(name)) return undefined
    const [prefix = '', encoder = ''] = ENCODER.exec(name) ?? []
    const base = prefix ? encoders.get(encoder) : name.startsWith('llm.') ? llm : undefined
    if (!base) return undefined
    const weight = base.weights(name.slice(prefix.length))
    if (!weight) throw new Error(`the base ${base.name} has no weight for "${name}"`)
    return weight
  }
}

/** The base of the part that a weight, by its name in the model, belongs to. */
export function baseOf(bases: BaseRecords | undefined, name: string): BaseRecord | undefined {
  if (isLora(name)) return undefined
  const [, encoder] = ENCODER.exec(name) ?? []
  if (encoder !== undefined) return bases?.encoders?.[encoder]
  return name.startsWith('llm.') ? bases?.llm : undefined
}

const ENCODER = /^encoders\.(\w+)\.encoder\./
