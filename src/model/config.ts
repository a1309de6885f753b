import type { MlpConfig } from '../connectors/mlp.js'
import type { QFormerConfig } from '../connectors/q-former.js'
import type { EncoderConfig } from '../encoders/encoder.js'
import type { IntegrationConfig } from '../integration/config.js'
import type { LlamaConfig } from '../llm/config.js'

/** Everything that a model is, but for its weights and its tokenizer. */
export interface ModelConfig {
  readonly encoders: readonly NamedEncoder[]
  readonly integration: IntegrationConfig
  readonly llm: LlamaConfig
}

export interface NamedEncoder {
  readonly name: string
  readonly encoder: EncoderConfig
  readonly connector: MlpConfig | QFormerConfig
}
