import { z } from 'zod'
import { checkSchema, mistakeOf } from '../../check-schema.js'
import type { EncoderConfig } from '../../encoders/encoder.js'
import type { LlamaConfig } from '../../llm/config.js'
import { MOST_LAYERS } from '../../settings.js'
import type { ModelConfig } from './config.js'
import { melMistakes } from './mel-mistakes.js'
import { misfits } from './misfits.js'
import type { BaseReference, EncoderReference, Listening, ModelPlan } from './plan.js'

const count = z.int().positive()
const positive = z.number().positive()
const layers = count.max(MOST_LAYERS, {
  error: ({ input }) => `expected at most ${MOST_LAYERS} layers, got ${input}`,
})

/** Adds what is wrong with the settings of a part, by their keys. */
type Refine<T> = (config: T, context: z.RefinementCtx<T>) => void

const possibleMel: Refine<Parameters<typeof melMistakes>[0]> = (config, context) => {
  for (const { key, message } of melMistakes(config)) {
    context.addIssue({ code: 'custom', path: [key], message })
  }
}

const patchTransformer = z
  .strictObject({
    kind: z.literal('patch-transformer'),
    sampleRate: count,
    windowSize: count,
    hopSize: count,
    fftSize: count,
    melBins: count,
    lowestFrequency: z.number().nonnegative(),
    highestFrequency: positive,
    mean: z.number(),
    deviation: positive,
    patchFrames: count,
    strideFrames: count,
    patchBins: count,
    meanNormalizationSeconds: positive.exactOptional(),
    stem: z.array(count).exactOptional(),
    hiddenSize: count,
    layers,
    heads: count,
    feedForwardSize: count,
    windowSeconds: positive,
  })
  .superRefine(possibleMel)
  .superRefine((config, context) => {
    const { stem = [], melBins, patchFrames, strideFrames, patchBins, hiddenSize, heads } = config
    const { sampleRate, highestFrequency } = config
    const halved = 2 ** stem.length
    const expect = (holds: boolean, key: keyof typeof config, message: string) => {
      if (!holds)
        context.addIssue({ code: 'custom', path: [key], message: `expected ${message}, got ${config[key]}` })
    }
    const stemmed = (value: number) => value % halved === 0
    expect(melBins % patchBins === 0, 'patchBins', `a divisor of melBins, ${melBins}`)
    expect(strideFrames <= patchFrames, 'strideFrames', `at most patchFrames, ${patchFrames}`)
    expect(hiddenSize % heads === 0, 'heads', `a divisor of hiddenSize, ${hiddenSize}`)
    expect(hiddenSize % 2 === 0, 'hiddenSize', 'an even number, half for each axis of the positions')
    const nyquist = sampleRate / 2
    expect(highestFrequency <= nyquist, 'highestFrequency', `at most half of sampleRate, ${nyquist} Hz`)
    for (const key of ['patchFrames', 'strideFrames', 'patchBins', 'melBins'] as const) {
      expect(
        stemmed(config[key]),
        key,
        `a multiple of ${halved}, by which the stem's convolutions shrink both axes`,
      )
    }
  })

const some = z.enum(['audio', 'window']).exactOptional()
const layered = {
  hiddenSize: count,
  layers,
  heads: count,
  feedForwardSize: count,
  windowSeconds: positive,
}

const wholeHeads: Refine<{ readonly hiddenSize: number; readonly heads: number }> = (
  { hiddenSize, heads },
  context,
) => {
  if (hiddenSize % heads === 0) return
  const message = `expected a divisor of hiddenSize, ${hiddenSize}, got ${heads}`
  context.addIssue({ code: 'custom', path: ['heads'], message })
}

const whisper = z
  .strictObject({
    kind: z.literal('whisper'),
    ...{ sampleRate: z.literal(16000), hopSize: z.literal(160), melBins: count, tokens: some },
    ...layered,
    positions: count.exactOptional(),
  })
  .superRefine(wholeHeads)

const kaldi = {
  ...{ sampleRate: z.literal(16000), hopSize: z.literal(160), melBins: count, frames: count },
  ...{ mean: z.number(), deviation: positive, tokens: some, patchSize: count },
  ...{ normEpsilon: positive, queryKeyValueBias: z.boolean() },
  ...layered,
}

const ast = z
  .strictObject({ kind: z.literal('ast'), ...kaldi, frameStride: count, binStride: count })
  .superRefine(wholeHeads)

const eat = z.strictObject({ kind: z.literal('eat'), ...kaldi }).superRefine(wholeHeads)

const clap = z
  .strictObject({
    kind: z.literal('clap'),
    ...{ sampleRate: count, windowSeconds: positive, hopSize: count, fftSize: count, melBins: count },
    ...{ lowestFrequency: z.number().nonnegative(), highestFrequency: positive },
    ...{ melScale: z.enum(['htk', 'slaney']), padding: z.enum(['repeatpad', 'pad']) },
    ...{ imageSize: count, patchSize: count, patchWidth: count },
    ...{ depths: z.array(layers), heads: z.array(count) },
    ...{ attentionWindow: count, feedForwardRatio: positive, normEpsilon: positive },
    ...{ queryKeyValueBias: z.boolean(), fusion: z.boolean(), fusionReduction: count, hiddenSize: count },
    tokens: z.enum(['audio', 'window', 'pooled']).exactOptional(),
  })
  .superRefine(possibleMel)

const aisfx = z
  .strictObject({
    kind: z.literal('aisfx'),
    ...{ sampleRate: count, windowSize: count, hopSize: count, fftSize: count, melBins: count },
    ...{ lowestFrequency: z.number().nonnegative(), highestFrequency: positive, largest: positive },
    ...{ channels: z.array(count), hiddenSize: count, windowSeconds: positive },
  })
  .superRefine(possibleMel)

const yamnet = z
  .strictObject({
    kind: z.literal('yamnet'),
    ...{
      sampleRate: count,
      windowSize: count,
      hopSize: count,
      fftSize: count,
      melBins: count.multipleOf(32),
    },
    ...{ lowestFrequency: z.number().nonnegative(), highestFrequency: positive },
    ...{ channels: z.array(count).length(14), labels: z.array(z.string().min(1)).min(1).exactOptional() },
    ...{ hiddenSize: count, windowSeconds: positive },
  })
  .superRefine(possibleMel)
  .superRefine(({ labels, channels, hiddenSize }, context) => {
    const [width, of] = labels ? [labels.length, 'labels'] : [channels.at(-1), 'channels of the last layer']
    if (hiddenSize === width) return
    const message = `expected the number of ${of}, ${width}, got ${hiddenSize}`
    context.addIssue({ code: 'custom', path: ['hiddenSize'], message })
  })

/** Every encoder that there is. */
const encoder = z.discriminatedUnion('kind', [patchTransformer, whisper, ast, eat, clap, aisfx, yamnet])

const connector = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('mlp'), pool: count.exactOptional(), clock: z.boolean().exactOptional() }),
  z.strictObject({ kind: z.literal('words'), clock: z.boolean().exactOptional() }),
  z.strictObject({ kind: z.literal('qformer'), queries: count, layers, heads: count }),
])

const lalSettings = {
  positions: z.enum(['sequential', 'none']).exactOptional(),
  norm: z.enum(['layer', 'own']).exactOptional(),
  projector: z.enum(['shared', 'per-layer']).exactOptional(),
  rank: count.exactOptional(),
  layers: z
    .union([
      z.literal('all'),
      z.array(z.int().nonnegative()).min(1, 'expected at least one layer that hears the audio, got none'),
      z.strictObject({ from: z.int().nonnegative() }),
    ])
    .exactOptional(),
}

const integration = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('plits') }),
  z.strictObject({ kind: z.literal('lal'), ...lalSettings }),
  z.strictObject({
    kind: z.literal('pal'),
    form: z.union([
      z.strictObject({ routes: z.record(z.string(), z.enum(['plits', 'lal'])) }),
      z.strictObject({
        summaryTokens: count,
        summaryLayers: layers.exactOptional(),
        summaryHeads: count.exactOptional(),
      }),
    ]),
    ...lalSettings,
  }),
  z.strictObject({ kind: z.literal('flamingo'), every: count }),
])

const ropeScaling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('linear'), factor: positive }),
  z.strictObject({
    kind: z.literal('llama3'),
    factor: positive,
    lowFrequencyFactor: positive,
    highFrequencyFactor: positive,
    originalPositions: count,
  }),
])

const llm = z
  .strictObject({
    hiddenSize: count,
    layers,
    heads: count,
    keyValueHeads: count,
    headSize: count,
    feedForwardSize: count,
    vocabularySize: count,
    normEpsilon: positive,
    ropeTheta: positive,
    ropeScaling: ropeScaling.exactOptional(),
    queryKeyValueBias: z.boolean().exactOptional(),
    queryKeyNorm: z.boolean().exactOptional(),
    tieEmbeddings: z.boolean(),
  })
  .superRefine(({ heads, keyValueHeads, headSize }, context) => {
    const expect = (holds: boolean, key: string, message: string) => {
      if (!holds) context.addIssue({ code: 'custom', path: [key], message })
    }
    expect(
      heads % keyValueHeads === 0,
      'keyValueHeads',
      `expected a divisor of heads, ${heads}, got ${keyValueHeads}`,
    )
    expect(
      headSize % 2 === 0,
      'headSize',
      `expected an even number, since rotary positions turn pairs, got ${headSize}`,
    )
  })

const lora = z.strictObject({ rank: count, alpha: positive, on: z.array(z.string()).min(1) })

/** A `ModelConfig` as model folders write it. */
export const modelConfigSchema: z.ZodType<ModelConfig> = modelSchema(encoder, llm)

const base = z.strictObject({ from: z.string().min(1) })
const plannedEncoder = orBase(
  encoder,
  base.extend({ windowSeconds: positive.exactOptional(), keep: z.boolean().exactOptional() }),
)

const plannedLanguageModel = orBase(
  llm,
  base.extend({ bits: z.union([z.literal(4), z.literal(8)], 'expected 4 or 8').exactOptional() }),
)

/** A `ModelPlan` as recipes write it. */
export const modelPlanSchema: z.ZodType<ModelPlan> = modelSchema(plannedEncoder, plannedLanguageModel)

/** A `Listening` as recipes write it. */
export const listeningSchema = z.strictObject({
  encoders: encodersSchema(plannedEncoder).exactOptional(),
  integration: integration.exactOptional(),
}) satisfies z.ZodType<Listening>

function modelSchema<E extends EncoderConfig | EncoderReference, L extends LlamaConfig | BaseReference>(
  encoder: z.ZodType<E>,
  llm: z.ZodType<L>,
) {
  return z
    .strictObject({
      encoders: encodersSchema(encoder),
      integration,
      llm,
      lora: lora.exactOptional(),
      system: z.string().exactOptional(),
    })
    .superRefine(({ encoders, integration, llm }, context) => {
      const sizes: LlamaConfig | BaseReference = llm
      const parts = { encoders, integration, llm: 'from' in sizes ? undefined : sizes }
      for (const { path, message } of misfits(parts)) {
        context.addIssue({ code: 'custom', path: [...path], message })
      }
    })
}

function encodersSchema<E extends EncoderConfig | EncoderReference>(encoder: z.ZodType<E>) {
  return z.array(z.strictObject({ name: z.string().regex(/^\w+$/), encoder, connector })).min(1)
}

/** A part's configuration, or `from` and the name of a pretrained model that it is taken from. */
function orBase<T, R extends BaseReference>(part: z.ZodType<T>, reference: z.ZodType<R>): z.ZodType<T | R> {
  return z.unknown().transform((value, context): T | R => {
    const isReference = typeof value === 'object' && value !== null && 'from' in value
    // A union of both would only say that neither fits.
    const { data, error } = isReference ? checkSchema(reference, value) : checkSchema(part, value)
    for (const issue of error?.issues ?? []) {
      const { message, path } = mistakeOf(issue)
      // Who reads these tells keys that nobody knows from what else is wrong.
      const keys = issue.code === 'unrecognized_keys' && { code: issue.code, keys: issue.keys }
      context.addIssue({ ...(keys || { code: 'custom' }), message, path: [...path] })
    }
    return error ? z.NEVER : data
  })
}
