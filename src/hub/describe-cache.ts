import { HubCache } from './cache.js'
import { namedModels } from './named-models.js'
import type { HubSettings } from './settings.js'

/** A sentence and a list: which models are on this machine already. */
export async function describeCache(settings: HubSettings): Promise<string> {
  const lines = [
    ...(await namedModels(settings)).map(({ name, path }) => `  ${name} (${path})`),
    ...(await new HubCache(settings.cache).list()).map(({ repository, revisions, commit, bytes }) => {
      const revision = revisions.length > 0 ? revisions.join(', ') : commit.slice(0, 12)
      return `  ${repository} (${revision}, ${mebibytes(bytes)})`
    }),
  ]
  if (lines.length === 0) return `There is no model in the cache yet (${settings.cache}).`
  return `On this machine are:\n${lines.join('\n')}`
}

export function mebibytes(bytes: number): string {
  const size = bytes / 2 ** 20
  return size < 1000 ? `${size.toFixed(size < 10 ? 1 : 0)} MiB` : `${(size / 1024).toFixed(1)} GiB`
}
