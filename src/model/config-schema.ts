import { z } from 'zod'
import type { ModelConfig } from './config.js'

const count = z.int().positive()
const positive = z.number().positive()

const patchTransformer = z.strictObject({
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
  hiddenSize: count,
  layers: count,
  heads: count,
  feedForwardSize: count,
  windowSeconds: positive,
})

const connector = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('mlp'), pool: count.exactOptional() }),
  z.strictObject({ kind: z.literal('qformer'), queries: count, layers: count, heads: count }),
])

const lalSettings = {
  positions: z.enum(['sequential', 'none']).exactOptional(),
  norm: z.enum(['layer', 'own']).exactOptional(),
  projector: z.enum(['shared', 'per-layer']).exactOptional(),
  rank: count.exactOptional(),
  layers: z
    .union([
      z.literal('all'),
      z.array(z.int().nonnegative()),
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
        summaryLayers: count.exactOptional(),
        summaryHeads: count.exactOptional(),
      }),
    ]),
    ...lalSettings,
  }),
  z.strictObject({ kind: z.literal('flamingo'), every: count }),
])

const llm = z.strictObject({
  hiddenSize: count,
  layers: count,
  heads: count,
  keyValueHeads: count,
  headSize: count,
  feedForwardSize: count,
  vocabularySize: count,
  normEpsilon: positive,
  ropeTheta: positive,
  tieEmbeddings: z.boolean(),
})

/** A `ModelConfig` as recipes and model folders write it. */
export const modelConfigSchema: z.ZodType<ModelConfig> = z.strictObject({
  encoders: z
    .array(z.strictObject({ name: z.string().regex(/^\w+$/), encoder: patchTransformer, connector }))
    .min(1),
  integration,
  llm,
})
