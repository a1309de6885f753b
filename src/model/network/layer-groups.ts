import { hears } from '../../integration/lal.js'
import { KeyValueCache, type LayerGroups, type LayerRows } from '../../llm/kv-cache.js'
import type { ModelConfig } from '../config/config.js'

/** Layers whose caches always have equally many rows: those that LAL lets hear the audio, and the others. */
export function layerGroups({ integration, llm }: ModelConfig): LayerGroups {
  const isLal = integration.kind === 'lal' || integration.kind === 'pal'
  return Array.from({ length: llm.layers }, (_, layer) =>
    isLal && hears(integration, layer) !== hears(integration, 0) ? 1 : 0,
  )
}

/** A model's cache before it has heard or read anything. @param cross what gated blocks attend to (Flamingo only) */
export function emptyCache(config: ModelConfig, cross: LayerRows = []): KeyValueCache {
  return KeyValueCache.empty(config.llm, [cross], layerGroups(config))
}
