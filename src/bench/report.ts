import type { LlamaConfig } from '../llm/config.js'
import { type BenchConfiguration, nameOf } from './configuration.js'
import { type Cost, costOf } from './cost.js'
import { BUSY, type Machine, type Peaks } from './machine.js'
import type { Sample, Visit } from './measure.js'
import { type Comparison, compare, relativeSpread, type Spread, spreadOf } from './statistics.js'

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
  /** Of the measured peak: of multiply-adds until here, and of bytes read while decoding. */
  readonly gemmShare?: number
  readonly bandwidthShare?: number
}

/** One integration against PLITS, all else equal. */
export interface Claim {
  readonly name: string
  readonly against: string
  readonly time: Comparison
  readonly memory: number
  readonly token?: Comparison
}

export interface Report {
  readonly machine: Machine
  readonly peaks: Peaks | undefined
  readonly command: string
  readonly date: string
  readonly results: readonly Result[]
  readonly claims: readonly Claim[]
  readonly failures: readonly { readonly name: string; readonly failure: string }[]
  /** Sentences about what disturbed the measurement; empty on a quiet machine. */
  readonly noise: readonly string[]
}

export function reportOn(
  visits: readonly Visit[],
  {
    machine,
    peaks,
    command,
    sizes,
  }: {
    readonly machine: Machine
    readonly peaks: Peaks | undefined
    readonly command: string
    readonly sizes: ReadonlyMap<string, LlamaConfig>
  },
): Report {
  const measured = groupVisits(visits.filter(({ samples }) => samples.length > 0))
  const results = [...measured.values()].map((own) => resultOf(own, sizes, peaks))
  return {
    ...{ machine, peaks, command, results },
    date: new Date().toISOString().slice(0, 10),
    claims: claimsOf(measured),
    failures: visits.flatMap(({ name, failure }) => (failure === undefined ? [] : [{ name, failure }])),
    noise: noiseIn(visits, results, machine),
  }
}

function groupVisits(visits: readonly Visit[]): ReadonlyMap<string, readonly Visit[]> {
  const groups = new Map<string, Visit[]>()
  for (const visit of visits) groups.set(visit.name, [...(groups.get(visit.name) ?? []), visit])
  return groups
}

function resultOf(
  visits: readonly Visit[],
  sizes: ReadonlyMap<string, LlamaConfig>,
  peaks: Peaks | undefined,
): Result {
  const { configuration } = visits[0]!
  const { task, batch, audioTokens, textTokens, newTokens } = configuration
  const cost = costOf(configuration, sizes.get(configuration.llm)!)
  const samples = visits.flatMap((visit) => visit.samples)
  const time = spreadOf(samples.map(({ milliseconds }) => milliseconds))
  const tokens = samples.flatMap(({ tokenMs = [] }) => tokenMs)
  const encodes = samples.flatMap(({ encodeMs }) => encodeMs ?? [])
  const token = tokens.length > 0 ? spreadOf(tokens) : undefined
  const macs = cost.step ?? cost.forward - cost.connector
  const context = audioTokens + textTokens + newTokens / 2
  const bytes = cost.weightBytes + batch * context * cost.cacheBytesPerToken
  const perSecond = 1000 / time.median
  return {
    ...{ name: nameOf(configuration), configuration, cost, time },
    examplesPerSecond: (task === 'train' ? batch : 1) * perSecond,
    tokensPerSecond:
      task === 'train'
        ? batch * (audioTokens + textTokens) * perSecond
        : (batch * 1000) / (token?.median ?? Number.NaN),
    ...(token && { token }),
    ...(encodes.length > 0 && { encode: spreadOf(encodes) }),
    peakMiB: spreadOf(visits.map(({ peakMiB }) => peakMiB)),
    ...(peaks && { gemmShare: (macs * perSecond) / (peaks.gemm * 1e9) }),
    ...(peaks && token && { bandwidthShare: (bytes * 1000) / token.median / (peaks.bandwidth * 1e9) }),
  }
}

/** Each configuration against the one with PLITS that is like it in everything else. */
function claimsOf(measured: ReadonlyMap<string, readonly Visit[]>): readonly Claim[] {
  return [...measured].flatMap(([name, visits]) => {
    const { configuration } = visits[0]!
    if (configuration.integration === 'plits') return []
    const against = nameOf({ ...configuration, integration: 'plits' })
    const others = measured.get(against)
    const time = others && compare(byRound(visits, timeOf), byRound(others, timeOf))
    if (!time) return []
    const token = compare(byRound(visits, tokensOf), byRound(others, tokensOf))
    const memory = spreadOf(visits.map(peakOf)).median / spreadOf(others.map(peakOf)).median
    return [{ name, against, time, memory, ...(configuration.task === 'infer' && token && { token }) }]
  })
}

const timeOf = ({ milliseconds }: Sample) => [milliseconds]
const tokensOf = ({ tokenMs = [] }: Sample) => tokenMs
const peakOf = ({ peakMiB }: Visit) => peakMiB

function byRound(
  visits: readonly Visit[],
  values: (sample: Sample) => readonly number[],
): ReadonlyMap<number, readonly number[]> {
  return new Map(visits.map(({ round, samples }) => [round, samples.flatMap(values)]))
}

/** A share of the median that the middle half should not be wider than. */
const QUIET = 0.1

function noiseIn(
  visits: readonly Visit[],
  results: readonly Result[],
  { cores }: Machine,
): readonly string[] {
  const wide = results.filter(({ time }) => relativeSpread(time) > QUIET)
  const busy = visits.filter(({ load }) => load > BUSY)
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
  ]
}
