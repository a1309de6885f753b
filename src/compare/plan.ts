import { PalError } from '../errors.js'
import type { IntegrationConfig } from '../integration/config.js'
import type { Listening } from '../model/config/plan.js'
import type { Recipe } from '../train/recipe/recipe.js'

/** One training run of a comparison. */
export interface PlannedRun {
  readonly integration: string
  readonly seed: number
  /** Its folder within the comparison's. */
  readonly folder: string
}

/** What sets a run apart: how its model listens, and how many times the recipe's steps it learns to answer (else once). */
export type Setting = Listening & { readonly steps?: number }

const USUAL: Readonly<Record<string, IntegrationConfig>> = {
  plits: { kind: 'plits' },
  lal: { kind: 'lal' },
  pal: { kind: 'pal', form: { summaryTokens: 8 } },
  flamingo: { kind: 'flamingo', every: 1 },
}

/** What is compared when nobody says: the recipe's own list, else PLITS, LAL and PAL. */
export function comparedByDefault({ compare }: Recipe): readonly string[] {
  return compare ? Object.keys(compare) : ['plits', 'lal', 'pal']
}

/**
 * What a name stands for: an entry of the recipe's `compare`, or one of `plits`, `lal`, `pal` and `flamingo`. The
 * model's own integration, where it is of that kind, goes before the usual settings.
 */
export function settingNamed(name: string, { model, compare = {} }: Recipe): Setting {
  const own = compare[name]
  if (own) return own
  if (model.integration.kind === name) return { integration: model.integration }
  const usual = USUAL[name]
  if (usual) return { integration: usual }
  const known = [...new Set([...Object.keys(compare), ...Object.keys(USUAL)])]
  throw new PalError(`expected ${known.slice(0, -1).join(', ')} or ${known.at(-1)}, got "${name}"`, {
    key: '--integrations',
  })
}

/** The integration as the paper writes it, and what it is called beyond that: "LAL from 4" for `lal-from-4`. */
export function displayName(integration: string): string {
  const [kind, ...rest] = integration.split('-') as [string, ...string[]]
  const written = kind === 'flamingo' ? 'Flamingo' : kind in USUAL ? kind.toUpperCase() : kind
  return [written, ...rest].join(' ')
}

/** All integrations of one seed before the next seed: what a machine's mood does to one, it does to the others. */
export function planRuns(integrations: readonly string[], seeds: readonly number[]): readonly PlannedRun[] {
  return seeds.flatMap((seed) =>
    integrations.map((integration) => ({ integration, seed, folder: `${integration}-seed${seed}` })),
  )
}
