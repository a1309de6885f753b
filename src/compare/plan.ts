import { PalError } from '../errors.js'
import type { IntegrationConfig } from '../integration/config.js'
import type { Recipe } from '../train/recipe.js'

/** One training run of a comparison. */
export interface Run {
  readonly integration: string
  readonly seed: number
  /** Its folder within the comparison's. */
  readonly folder: string
}

/**
 * The integrations that a name stands for. PAL is the recipe's own setting where it has one, else the unified form
 * with 8 summary tokens.
 */
export function integrationNamed(name: string, { model }: Recipe): IntegrationConfig {
  switch (name) {
    case 'plits':
      return { kind: 'plits' }
    case 'lal':
      return { kind: 'lal' }
    case 'pal':
      return model.integration.kind === 'pal'
        ? model.integration
        : { kind: 'pal', form: { summaryTokens: 8 } }
    case 'flamingo':
      return { kind: 'flamingo', every: 1 }
    default:
      throw new PalError(`expected plits, lal, pal or flamingo, got "${name}"`, { key: '--integrations' })
  }
}

/** The integration as the paper writes it. */
export function displayName(integration: string): string {
  return integration === 'flamingo' ? 'Flamingo' : integration.toUpperCase()
}

/** All integrations of one seed before the next seed: what a machine's mood does to one, it does to the others. */
export function planRuns(integrations: readonly string[], seeds: readonly number[]): readonly Run[] {
  return seeds.flatMap((seed) =>
    integrations.map((integration) => ({ integration, seed, folder: `${integration}-seed${seed}` })),
  )
}
