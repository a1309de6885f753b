import type { EncoderConfig } from '../encoders/encoder.js'
import type { IntegrationConfig } from '../integration/config.js'
import { LLAMA_SIZES, type LlamaConfig } from '../llm/config.js'
import type { Checkpointing } from '../llm/decoder.js'
import type { ModelConfig } from '../model/config/config.js'

export const INTEGRATIONS = ['plits', 'lal', 'pal', 'flamingo'] as const
export type IntegrationName = (typeof INTEGRATIONS)[number]

/** One thing that is measured, in a process of its own. */
export interface BenchConfiguration {
  /** A training step of the connector, or an answer from audio tokens and a prompt. */
  readonly task: 'train' | 'infer'
  readonly integration: IntegrationName
  /** One of `LLAMA_SIZES`, with random weights, or the folder of a language model. */
  readonly llm: string
  readonly audioTokens: number
  /** Tokens of each question, that are learnt, or of the prompt. */
  readonly textTokens: number
  /** Audios of a step, or answers that are generated together. */
  readonly batch: number
  /** Training only: about each audio. */
  readonly questions: number
  /** Bits of each of the weights in the language model's matrices, below 32 in blocks. */
  readonly bits: 4 | 8 | 32
  /** Training only. */
  readonly checkpointing: Checkpointing
  /** Keep a second, blocked copy of the weights, see `CompileOptions`. */
  readonly prepacking: boolean
  /** Inference only: tokens of an answer after the first. */
  readonly newTokens: number
  /** Inference only: hear seconds of sound with an encoder of this size, too. */
  readonly encoder: EncoderSize | false
  readonly provider: string
  readonly threads: number
}

/** Every combination of the values of each key, in the order in which they take turns. */
export function combinations(
  grid: { readonly [Key in keyof BenchConfiguration]: readonly BenchConfiguration[Key][] },
): readonly BenchConfiguration[] {
  let all: Partial<BenchConfiguration>[] = [{}]
  for (const [key, values] of Object.entries(grid)) {
    all = all.flatMap((one) => values.map((value) => ({ ...one, [key]: value })))
  }
  return all as BenchConfiguration[]
}

/** Tells configurations apart, in files and on screen. */
export function nameOf(configuration: BenchConfiguration): string {
  const { task, integration, llm, audioTokens, textTokens, batch, bits, provider, threads } = configuration
  const { questions, checkpointing, prepacking, newTokens, encoder } = configuration
  return [
    ...[
      task,
      llm,
      integration,
      `audio=${audioTokens}`,
      `text=${textTokens}`,
      `batch=${batch}`,
      ...(questions > 1 ? [`questions=${questions}`] : []),
      `bits=${bits}`,
    ],
    ...(task === 'train' ? checkpointingWords(checkpointing) : []),
    ...(prepacking ? ['prepacked'] : []),
    ...(task === 'infer' ? [`new=${newTokens}`] : []),
    ...(task === 'infer' && encoder ? [`encoder=${encoder}`] : []),
    ...[provider, `threads=${threads}`],
  ].join(' ')
}

/** What `--checkpointing` may be, as a training graph takes it. */
export const CHECKPOINTING = {
  off: false,
  gates: 'gates',
  selective: 'selective',
  on: true,
} as const satisfies Record<string, Checkpointing>

/** What sets a configuration apart that computes values again for the gradient. */
export function checkpointingWords(checkpointing: Checkpointing): readonly string[] {
  if (typeof checkpointing === 'string') return [`${checkpointing} checkpointing`]
  return checkpointing ? ['checkpointing'] : []
}

/** Whether an answer's weights are: those in blocks always, see `LanguageModelOptions`. */
export function isPrepacked({ prepacking, bits }: Pick<BenchConfiguration, 'prepacking' | 'bits'>): boolean {
  return prepacking || bits < 32
}

export function isSize(llm: string): llm is keyof typeof LLAMA_SIZES {
  return Object.hasOwn(LLAMA_SIZES, llm)
}

/** The integrations as they are measured: the settings that the model that ships was trained with. */
export function integrationOf(name: IntegrationName): IntegrationConfig {
  switch (name) {
    case 'pal':
      return { kind: 'pal', form: { summaryTokens: SUMMARY_TOKENS } }
    case 'flamingo':
      return { kind: 'flamingo', every: FLAMINGO_EVERY }
    default:
      return { kind: name }
  }
}

export const SUMMARY_TOKENS = 8
export const FLAMINGO_EVERY = 4
/** Width of the features that a training step is given: ViT-Base's. */
export const FEATURES = 768

/** Encoders of 50 tokens a second. */
export const ENCODERS = {
  /** Over 128 mel bins, as AST and SSLAM have it. */
  'vit-base': {
    kind: 'patch-transformer',
    ...{ sampleRate: 16_000, windowSize: 400, hopSize: 160, fftSize: 512, melBins: 128 },
    ...{ lowestFrequency: 20, highestFrequency: 8000, mean: -5, deviation: 4 },
    ...{ patchFrames: 16, strideFrames: 16, patchBins: 16 },
    ...{ hiddenSize: FEATURES, layers: 12, heads: 12, feedForwardSize: 4 * FEATURES },
    windowSeconds: 10.24,
  },
  'whisper-tiny': {
    kind: 'whisper',
    ...{ sampleRate: 16_000, hopSize: 160, melBins: 80 },
    ...{ hiddenSize: 384, layers: 4, heads: 6, feedForwardSize: 1536 },
    windowSeconds: 10,
  },
} as const satisfies Record<string, EncoderConfig>

export type EncoderSize = keyof typeof ENCODERS

/** A model with random weights that hears with such an encoder. */
export function benchModel(
  integration: IntegrationName,
  llm: LlamaConfig,
  encoder: EncoderSize = 'vit-base',
): ModelConfig {
  return {
    encoders: [{ name: 'general', encoder: ENCODERS[encoder], connector: { kind: 'mlp' } }],
    integration: integrationOf(integration),
    llm,
  }
}
