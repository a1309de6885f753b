import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IntegrationConfig } from '../integration/config.js'
import { Random } from '../random.js'
import { defaultChat } from '../text/default-chat.js'
import { writeTokenizer } from '../text/tokenizer-json.js'
import { trainTokenizer } from '../text/train-tokenizer.js'
import type { ModelConfig, NamedEncoder } from './config/config.js'
import { modelParameters } from './network/parameters.js'
import { saveModel } from './stored/model-folder.js'

const TEXTS = [
  'What do you hear? A dog barks, and then a bell rings twice.',
  'How many times does the bell ring? Two times. Is there a dog? Yes.',
]

const VOCABULARY = 300

/** One of each, by name: what tests go through. */
export const integrations = {
  plits: { kind: 'plits' },
  lal: { kind: 'lal' },
  lalVariants: {
    kind: 'lal',
    positions: 'none',
    norm: 'own',
    projector: 'per-layer',
    rank: 2,
    layers: { from: 1 },
  },
  palUnified: { kind: 'pal', form: { summaryTokens: 3 } },
  palRouted: { kind: 'pal', form: { routes: { speech: 'plits', general: 'lal' } } },
  flamingo: { kind: 'flamingo', every: 2 },
} as const satisfies Record<string, IntegrationConfig>

/** A model of a few thousand parameters that hears windows of 0.64 s; for tests. */
export function tinyConfig(integration: IntegrationConfig = integrations.palUnified): ModelConfig {
  const isRouted = integration.kind === 'pal' && 'routes' in integration.form
  return {
    encoders: isRouted ? [tinyEncoder('speech', 2), tinyEncoder('general', 1)] : [tinyEncoder('general', 1)],
    integration,
    llm: {
      hiddenSize: 32,
      layers: 2,
      heads: 4,
      keyValueHeads: 2,
      headSize: 8,
      feedForwardSize: 48,
      vocabularySize: VOCABULARY,
      normEpsilon: 1e-5,
      ropeTheta: 10000,
      tieEmbeddings: true,
    },
  }
}

function tinyEncoder(name: string, pool: number): NamedEncoder {
  return {
    name,
    encoder: {
      kind: 'patch-transformer',
      sampleRate: 8000,
      windowSize: 200,
      hopSize: 80,
      fftSize: 256,
      melBins: 16,
      lowestFrequency: 50,
      highestFrequency: 4000,
      mean: -6,
      deviation: 4,
      patchFrames: 8,
      strideFrames: 4,
      patchBins: 8,
      hiddenSize: 16,
      layers: 1,
      heads: 2,
      feedForwardSize: 32,
      windowSeconds: 0.64,
    },
    connector: { kind: 'mlp', pool },
  }
}

/** Random weights, every one of them drawn: what starts at zero or one would hide mistakes. */
export function tinyWeights(config: ModelConfig, seed = 1): ReadonlyMap<string, Float32Array> {
  return new Map(
    [...modelParameters(config)].map(([name, { shape }]) => {
      const random = new Random('tiny', seed, name)
      const gain = name.endsWith('norm.weight') ? 1 : 0
      const deviation = shape.length > 1 ? 1 / Math.sqrt(shape.at(-1)!) : 0.3
      const count = shape.reduce((product, size) => product * size, 1)
      return [name, Float32Array.from({ length: count }, () => gain + random.normal() * deviation)]
    }),
  )
}

const temporary: string[] = []
process.once('exit', () => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true })
})

/** A random model in a folder that goes when the process does. @returns the folder */
export async function writeTinyModel({
  config = tinyConfig(),
  dtype = 'F32',
}: {
  readonly config?: ModelConfig
  readonly dtype?: 'F32' | 'F16'
} = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-tiny-model-'))
  temporary.push(folder)
  const { specialTokens, template, endToken } = defaultChat
  const tokenizer = trainTokenizer(TEXTS, { vocabularySize: VOCABULARY, specialTokens })
  await writeTokenizer(join(folder, 'tokenizer'), tokenizer, { chatTemplate: template, endToken })
  const weights = tinyWeights(config)
  await saveModel(join(folder, 'model'), {
    config: { name: 'tiny', sampleRate: 8000, trainedSeconds: 1.28, model: config },
    parameters: [...modelParameters(config)].map(([name, { shape }]) => ({
      name,
      shape,
      data: weights.get(name)!,
    })),
    tokenizerFolder: join(folder, 'tokenizer'),
    dtype,
  })
  return join(folder, 'model')
}
