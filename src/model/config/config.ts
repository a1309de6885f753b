import type { MlpConfig } from '../../connectors/mlp.js'
import type { QFormerConfig } from '../../connectors/q-former.js'
import type { WordsConfig } from '../../connectors/words.js'
import type { EncoderConfig } from '../../encoders/encoder.js'
import type { IntegrationConfig } from '../../integration/config.js'
import type { LlamaConfig } from '../../llm/config.js'
import type { LoraConfig } from '../../nn/lora.js'

/** Everything that a model is, but for its weights and its tokenizer. */
export interface ModelConfig {
  readonly encoders: readonly NamedEncoder[]
  readonly integration: IntegrationConfig
  readonly llm: LlamaConfig
  /** Low-rank additions to frozen projections. */
  readonly lora?: LoraConfig
  /** What the system's message says that opens every conversation. @default what the chat template makes of none */
  readonly system?: string
}

export interface NamedEncoder {
  readonly name: string
  readonly encoder: EncoderConfig
  readonly connector: MlpConfig | WordsConfig | QFormerConfig
}
