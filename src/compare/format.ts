import type { Machine } from '../bench/machine.js'
import type { Estimate } from '../eval/bootstrap.js'
import type { Ratio } from './cost.js'

/** How a report words its numbers: shares as per cent, differences of shares as points. */

export function described({ processor, cores, memoryGiB, system, node }: Machine): string {
  return `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`
}

export function seedBySeed({ low, high, seeds }: Ratio): string {
  return seeds === 1 ? 'of one seed' : `seed by seed ${low.toFixed(2)}–${high.toFixed(2)}`
}

export function times({ mean, low, high }: Ratio): string {
  return `${mean.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
}

/** A difference within a sentence. */
export function points(estimate: Estimate): string {
  return `${signed(estimate.value)} points (95 % ${signed(estimate.low)} to ${signed(estimate.high)})`
}

/** A difference within a table. */
export function interval({ value, low, high }: Estimate): string {
  return `${signed(value)} (${signed(low)} to ${signed(high)})`
}

export function share(value: number): string {
  return (100 * value).toFixed(1)
}

/** In points, never "−0.0". */
export function signed(difference: number): string {
  const size = Math.abs(100 * difference).toFixed(1)
  if (Number(size) === 0) return '0.0'
  return `${difference < 0 ? '−' : '+'}${size}`
}

export function probability(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

/** The same within a sentence. */
export function corrected(p: number): string {
  return `p ${p < 0.001 ? '' : '= '}${probability(p)} after Holm`
}

export function setTo(value: unknown): string {
  return value === undefined ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value)
}

export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
