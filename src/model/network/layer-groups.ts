import { hears } from '../../integration/lal.js'
import type { LayerGroups } from '../../llm/kv-cache.js'
import type { ModelConfig } from '../config/config.js'

/** Layers whose caches always have equally many rows: those that LAL lets hear the audio, and the others. */
export function layerGroups({ integration, llm }: ModelConfig): LayerGroups {
  const isLal = integration.kind === 'lal' || integration.kind === 'pal'
  return Array.from({ length: llm.layers }, (_, layer) =>
    isLal && hears(integration, layer) !== hears(integration, 0) ? 1 : 0,
  )
}
