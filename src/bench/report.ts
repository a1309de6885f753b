import { groupBy } from '../group-by.js'
import type { LlamaConfig } from '../llm/config.js'
import { type BenchConfiguration, nameOf } from './configuration.js'
import { type Cost, costOf } from './cost.js'
import { BUSY, type Computer, type Peaks } from './machine.js'
import type { Failure, Measured, Sample, Visit } from './measure.js'
import { type Comparison, compare, relativeSpread, type Spread, spreadOf } from './statistics.js'
import { type ProductsTime, productsKey } from './weight-products.js'

/** Everything that was measured of one configuration, and what it should cost. */
export interface Result {
  readonly name: string
  readonly configuration: BenchConfiguration
  readonly cost: Cost
  /** Milliseconds of a training step, or from audio tokens to an answer's first scores. */
  readonly time: Spread
  readonly examplesPerSecond: number
  /** Training: text and audio tokens of a step. Inference: tokens of all answers of a batch. */
  readonly tokensPerSecond: number
  /** Inference: milliseconds of each further token. */
  readonly token?: Spread
  readonly encode?: Spread
  readonly peakMiB: Spread
  /** Of the peaks of its provider and threads: of multiply-adds until here, and of bytes read while decoding. */
  readonly gemmShare?: number
  readonly bandwidthShare?: number
  /** Inference, one answer alone: milliseconds of a token's products with the weights, when there is nothing else to do. */
  readonly productsMs?: number
}

/** One integration against PLITS, all else equal. */
export interface Claim {
  readonly name: string
  readonly against: string
  readonly time: Comparison
  /** The same with the encoder, where one is measured. */
  readonly heard?: Comparison
  readonly memory: Comparison
  readonly token?: Comparison
}

export interface Report {
  readonly machine: Computer
  readonly peaks: readonly Peaks[]
  readonly command: string
  /** When it was measured: a day, or the first and the last one. */
  readonly date: string
  readonly results: readonly Result[]
  readonly claims: readonly Claim[]
  readonly failures: readonly Failure[]
  /** Sentences about what disturbed the measurement; empty on a quiet machine. */
  readonly noise: readonly string[]
}

export function reportOn(
  { visits, failures, peaks, products }: Measured,
  {
    machine,
    command,
    sizes,
  }: {
    readonly machine: Computer
    readonly command: string
    readonly sizes: ReadonlyMap<string, LlamaConfig>
  },
): Report {
  const measured = groupBy(visits, ({ name }) => name)
  const results = [...measured.values()].map((own) => resultOf(own, sizes, peaks, products))
  return {
    ...{ machine, peaks, command, results, failures },
    date: datesOf([...visits, ...failures]),
    claims: claimsOf(measured),
    noise: noiseIn(visits, results, { peaks, products }, machine),
  }
}

/** Of UTC. */
function datesOf(tried: readonly { readonly at: string }[]): string {
  const days = tried.map(({ at }) => at.slice(0, 'yyyy-mm-dd'.length)).sort()
  return [...new Set([days.at(0), days.at(-1)])].join(' to ')
}

function resultOf(
  visits: readonly Visit[],
  sizes: ReadonlyMap<string, LlamaConfig>,
  allPeaks: readonly Peaks[],
  allProducts: readonly ProductsTime[],
): Result {
  const { configuration } = visits[0]!
  const { task, batch, questions, audioTokens, textTokens, provider, threads } = configuration
  const peaks = allPeaks.find((one) => one.provider === provider && one.threads === threads)
  const products = allProducts.find((one) => productsKey(one) === productsKey(configuration))
  const cost = costOf(configuration, sizes.get(configuration.llm)!)
  const samples = visits.flatMap((visit) => visit.samples)
  const time = spreadOf(samples.map(({ milliseconds }) => milliseconds))
  const tokens = samples.flatMap(({ tokenMs = [] }) => tokenMs)
  const encodes = samples.flatMap(({ encodeMs }) => encodeMs ?? [])
  const token = tokens.length > 0 ? spreadOf(tokens) : undefined
  const macs = cost.step ?? cost.forward - cost.connector
  const bytes = cost.weightBytes + batch * cacheBytes(cost, configuration)
  const perSecond = 1000 / time.median
  return {
    ...{ name: nameOf(configuration), configuration, cost, time },
    examplesPerSecond: (task === 'train' ? batch * questions : 1) * perSecond,
    tokensPerSecond:
      task === 'train'
        ? batch * (audioTokens + questions * textTokens) * perSecond
        : (batch * 1000) / (token?.median ?? Number.NaN),
    ...(token && { token }),
    ...(encodes.length > 0 && { encode: spreadOf(encodes) }),
    peakMiB: spreadOf(visits.map(({ peakMiB }) => peakMiB)),
    ...(peaks && { gemmShare: (macs * perSecond) / (peaks.gemm * 1e9) }),
    ...(peaks && token && { bandwidthShare: (bytes * 1000) / token.median / (peaks.bandwidth * 1e9) }),
    ...(products && batch === 1 && { productsMs: products.milliseconds }),
  }
}

/** Of one answer's cache, what its tokens read on average: they grow it by themselves. */
export function cacheBytes(
  { audioCacheBytes, cacheBytesPerToken }: Cost,
  { textTokens, newTokens }: BenchConfiguration,
): number {
  return audioCacheBytes + (textTokens + newTokens / 2) * cacheBytesPerToken
}

/** Each configuration against the one with PLITS that is like it in everything else. */
function claimsOf(measured: ReadonlyMap<string, readonly Visit[]>): readonly Claim[] {
  return [...measured].flatMap(([name, visits]) => {
    const { configuration } = visits[0]!
    if (configuration.integration === 'plits') return []
    const against = nameOf({ ...configuration, integration: 'plits' })
    const others = measured.get(against)
    if (!others) return []
    const busy = new Set([...visits, ...others].filter(isBusy).map(({ round }) => round))
    const time = compare(byRound(visits, timeOf), byRound(others, timeOf), busy)
    const heard = compare(byRound(visits, heardOf), byRound(others, heardOf), busy)
    const token = compare(byRound(visits, tokensOf), byRound(others, tokensOf), busy)
    // How much memory a process takes does not depend on who else is at work.
    const memory = compare(peaksByRound(visits), peaksByRound(others))
    if (!time || !memory) return []
    return [
      {
        ...{ name, against, time, memory },
        ...(configuration.encoder && heard && { heard }),
        ...(configuration.task === 'infer' && token && { token }),
      },
    ]
  })
}

const timeOf = ({ milliseconds }: Sample) => [milliseconds]
const heardOf = ({ encodeMs, milliseconds }: Sample) =>
  encodeMs === undefined ? [] : [encodeMs + milliseconds]
const tokensOf = ({ tokenMs = [] }: Sample) => tokenMs
const isBusy = ({ load }: Visit) => load > BUSY

function byRound(
  visits: readonly Visit[],
  values: (sample: Sample) => readonly number[],
): ReadonlyMap<number, readonly number[]> {
  return new Map(visits.map(({ round, samples }) => [round, samples.flatMap(values)]))
}

function peaksByRound(visits: readonly Visit[]): ReadonlyMap<number, readonly number[]> {
  return new Map(visits.map(({ round, peakMiB }) => [round, [peakMiB]]))
}

/** A share of the median that the middle half should not be wider than. */
const QUIET = 0.1

function noiseIn(
  visits: readonly Visit[],
  results: readonly Result[],
  { peaks, products }: Pick<Measured, 'peaks' | 'products'>,
  { cores }: Computer,
): readonly string[] {
  const wide = results.filter(({ time }) => relativeSpread(time) > QUIET)
  const busy = visits.filter(isBusy)
  const whileBusy = (all: readonly { readonly load?: number }[]) => all.some(({ load = 0 }) => load > BUSY)
  return [
    ...(wide.length > 0
      ? [
          `the middle half of the times is wider than ${100 * QUIET} % of the median for ${wide.length} of ${results.length} configurations`,
        ]
      : []),
    ...(busy.length > 0
      ? [
          `others kept up to ${Math.max(...busy.map(({ load }) => load)).toFixed(1)} of ${cores} cores busy before ${busy.length} of ${visits.length} measurements`,
        ]
      : []),
    ...(whileBusy(peaks)
      ? ['others were at work when the peaks were measured, so that shares of them are too large']
      : []),
    ...(whileBusy(products)
      ? ['others were at work when the products with the weights were measured, so that these may take less']
      : []),
  ]
}
