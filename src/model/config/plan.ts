import type { EncoderConfig } from '../../encoders/encoder.js'
import type { LlamaConfig } from '../../llm/config.js'
import type { Bits } from '../../weights/blocks.js'
import type { ModelConfig, NamedEncoder } from './config.js'

/** A model that is to be built: its parts are written out, or taken from pretrained models. */
export interface ModelPlan extends Omit<ModelConfig, 'encoders' | 'llm'> {
  readonly encoders: readonly PlannedEncoder[]
  readonly llm: LlamaConfig | LanguageModelReference
}

/** What a comparison may change of a plan: how the model listens, and with which ears. */
export type Listening = Partial<Pick<ModelPlan, 'encoders' | 'integration'>>

export interface PlannedEncoder extends Omit<NamedEncoder, 'encoder'> {
  readonly encoder: EncoderConfig | EncoderReference
}

export interface BaseReference {
  /** The name of a model that ships or has been pulled, a folder, or a GGUF file. */
  readonly from: string
}

export interface LanguageModelReference extends BaseReference {
  /**
   * Its matrices are in blocks of so many bits, in training as whenever the model is used afterwards: what is
   * trained beside them makes up for the rounding (QLoRA, Dettmers et al. 2023). @default they are as they are
   */
  readonly bits?: Bits
}

export interface EncoderReference extends BaseReference {
  /** A window shorter than the pretrained one's: see `WhisperConfig`. */
  readonly windowSeconds?: number
  /** Its weights are saved with the model, which then needs no base there: for one that no hub has. @default false */
  readonly keep?: boolean
}

/** Whether a part is taken from a pretrained model, rather than written out. */
export function isReference<T extends object, R extends BaseReference>(part: T | R): part is R {
  return 'from' in part
}
