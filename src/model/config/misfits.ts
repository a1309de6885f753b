import { labelsOf } from '../../encoders/encoder.js'
import { PalError } from '../../errors.js'
import type { IntegrationConfig } from '../../integration/config.js'
import { summaryOf } from '../../integration/pal.js'
import type { LlamaConfig } from '../../llm/config.js'
import type { ModelConfig } from './config.js'
import { isReference, type PlannedEncoder } from './plan.js'

/** Something that does not fit another part of the model, and where a `ModelConfig` says it. */
export interface Misfit {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** The parts of a model that have to fit one another. */
interface Parts {
  /** Of those that are only named, what depends on what they are is not looked at. */
  readonly encoders: readonly PlannedEncoder[]
  readonly integration: IntegrationConfig
  /** Undefined as long as it is only named: what depends on its sizes is not looked at. */
  readonly llm: LlamaConfig | undefined
}

/**
 * What each part may say is in config-schema.ts; here is what of it depends on another part. A layer that is not there would
 * hear nothing, without a word.
 */
export function misfits({ encoders, integration, llm }: Parts): readonly Misfit[] {
  const ofLanguageModel = (sizes: LlamaConfig) => [
    ...layerMisfits(integration, sizes),
    ...headMisfits(encoders, integration, sizes),
  ]
  return [
    ...routeMisfits(encoders, integration),
    ...wordMisfits(encoders),
    ...(llm ? ofLanguageModel(llm) : []),
  ]
}

/** @throws PalError for the first misfit */
export function expectFitting(config: ModelConfig): ModelConfig {
  const [first] = misfits(config)
  if (first) throw new PalError(first.message, { key: ['model', ...first.path].join('.') })
  return config
}

/** Each encoder has a route, and each route an encoder. */
function routeMisfits(encoders: Parts['encoders'], integration: IntegrationConfig): readonly Misfit[] {
  if (integration.kind !== 'pal' || !('routes' in integration.form)) return []
  const { routes } = integration.form
  const path = ['integration', 'form', 'routes']
  const names = encoders.map(({ name }) => name)
  const unknown = Object.keys(routes).filter((name) => !names.includes(name))
  const unrouted = names.filter((name) => !Object.hasOwn(routes, name))
  return [
    ...unknown.map((name) => ({
      path: [...path, name],
      message: `expected the name of an encoder (${names.join(', ')}), got "${name}"`,
    })),
    ...unrouted.map((name) => ({
      path,
      message: `expected a route, "plits" or "lal", for each encoder, got none for "${name}"`,
    })),
  ]
}

/** A connector that puts scores into words has an encoder that makes scores. */
function wordMisfits(encoders: Parts['encoders']): readonly Misfit[] {
  return encoders.flatMap(({ encoder, connector }, i) =>
    connector.kind === 'words' && !isReference(encoder) && labelsOf(encoder) === undefined
      ? [
          {
            path: ['encoders', i, 'connector', 'kind'],
            message: `expected an encoder with \`labels\`, whose scores can be put into words, got one of kind "${encoder.kind}" without`,
          },
        ]
      : [],
  )
}

/** The layers that LAL names are there. */
function layerMisfits(integration: IntegrationConfig, llm: LlamaConfig): readonly Misfit[] {
  if (integration.kind !== 'lal' && integration.kind !== 'pal') return []
  const { layers = 'all' } = integration
  if (layers === 'all') return []
  const named = 'from' in layers ? [['from', layers.from] as const] : [...layers.entries()]
  return named
    .filter(([, layer]) => layer >= llm.layers)
    .map(([key, layer]) => ({
      path: ['integration', 'layers', key],
      message: `expected a layer of the language model, 0 to ${llm.layers - 1}, got ${layer}`,
    }))
}

/** What is split among heads has their number as a divisor. */
function headMisfits(
  encoders: Parts['encoders'],
  integration: IntegrationConfig,
  { hiddenSize, heads: ownHeads }: LlamaConfig,
): readonly Misfit[] {
  const split = encoders.flatMap(({ connector }, i) =>
    connector.kind === 'qformer'
      ? [{ path: ['encoders', i, 'connector', 'heads'], heads: connector.heads }]
      : [],
  )
  if (integration.kind === 'pal' && 'summaryTokens' in integration.form) {
    const { heads } = summaryOf(integration.form)
    split.push({ path: ['integration', 'form', 'summaryHeads'], heads })
  }
  // The blocks have as many heads as the language model, whose own need not have hiddenSize together.
  if (integration.kind === 'flamingo') split.push({ path: ['llm', 'heads'], heads: ownHeads })
  return split
    .filter(({ heads }) => hiddenSize % heads !== 0)
    .map(({ path, heads }) => ({
      path,
      message: `expected a divisor of the language model's hiddenSize, ${hiddenSize}, got ${heads}`,
    }))
}
