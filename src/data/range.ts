import { PalError } from '../errors.js'

/** [lowest, highest] */
export type Range = readonly [number, number]

/**
 * @param least what the lowest may be at least, where that is limited
 * @throws PalError for a range that is the wrong way round, endless or below that
 */
export function expectRange([lowest, highest]: Range, key: string, least?: number): void {
  const isRange = Number.isFinite(lowest) && Number.isFinite(highest) && lowest <= highest
  if (isRange && (least === undefined || lowest >= least)) return
  const limit = least === undefined ? '' : ` of at least ${least}`
  throw new PalError(`expected [lowest, highest]${limit}, got [${lowest}, ${highest}]`, { key })
}
