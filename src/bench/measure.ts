import { join } from 'node:path'
import { z } from 'zod'
import { keepLines, type LineKind, mendKeptLines, readKeptLines } from '../kept-lines.js'
import type { AnswerTimes } from './answer-run.js'
import { type BenchConfiguration, nameOf } from './configuration.js'
import type { Identity } from './identity.js'
import { claimFolder, PEAKS, PRODUCTS, VISITS } from './kept.js'
import { busyCores, type Peaks } from './machine.js'
import { type ContestantEvent, runContestant } from './run-contestant.js'
import { type ProductsTime, productsKey } from './weight-products.js'

/** A configuration's turn in a round. */
interface Turn {
  readonly name: string
  readonly round: number
  readonly configuration: BenchConfiguration
}

/** What one turn measured. */
export interface Visit extends Turn {
  /** Until the first step. */
  readonly loadMs: number
  readonly samples: readonly Sample[]
  readonly peakMiB: number
  /** Cores that others kept busy just before. */
  readonly load: number
  readonly at: string
}

export interface Sample extends Partial<AnswerTimes> {
  /** Of a training step, or until an answer's first token, its encoder excluded. */
  readonly milliseconds: number
}

/** A configuration that could not be measured, from a round on. */
export interface Failure {
  readonly name: string
  readonly round: number
  readonly reason: string
  readonly at: string
}

/** What there is of the configurations and rounds that were asked for, and of nothing else. */
export interface Measured {
  readonly visits: readonly Visit[]
  readonly failures: readonly Failure[]
  readonly peaks: readonly Peaks[]
  readonly products: readonly ProductsTime[]
}

export interface MeasureOptions {
  /** Where results are kept. */
  readonly folder: string
  /**
   * What results depend on beside configurations, steps and warm-up. Asked for again before each is kept, because code
   * may be built anew meanwhile.
   */
  readonly identity: () => Promise<Identity>
  /** The folder of random weights. */
  readonly weights: string
  readonly rounds: number
  readonly warmUp: number
  readonly steps: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number, name: string) => void
}

/**
 * Measures configurations in turns: in every round each has a fresh process, so that its peak memory is its own, and
 * what slows the machine down for a while slows all of them. Every finished turn is kept: the same call goes on where
 * an interrupted one stopped. A configuration that fails, for want of memory for instance, is left out of the rounds
 * after, and is tried again by the next call.
 * @throws PalError if the folder keeps measurements of another identity
 */
export async function measure(
  configurations: readonly BenchConfiguration[],
  options: MeasureOptions,
): Promise<Measured> {
  const { folder, weights, rounds, warmUp, steps, signal, onProgress } = options
  const claim = async () => claimFolder(folder, { ...(await options.identity()), steps, warmUp })
  await claim()
  const answering = configurations.filter(({ task, batch }) => task === 'infer' && batch === 1)
  const peaks = await onceEach(PEAKS_ONCE, configurations, options, claim)
  const products = await onceEach(PRODUCTS_ONCE, answering, options, claim)
  const turns = turnsOf(configurations, rounds)
  await mendKeptLines(join(folder, VISITS))
  const visits = new Map(
    (await readKeptLines<Visit>(join(folder, VISITS), MEASUREMENT)).map((visit) => [keyOf(visit), visit]),
  )
  const failures = new Map<string, Failure>()
  for (const [done, [key, turn]] of [...turns].entries()) {
    const { name, round, configuration } = turn
    if (visits.has(key) || failures.has(name)) continue
    const load = await busyCores()
    if (signal?.aborted) break
    onProgress?.(done, turns.size, name)
    const task = { kind: 'measure', configuration, weights, warmUp, steps } as const
    const { events, failure } = await runContestant(task, signal)
    if (signal?.aborted) break
    await claim()
    const at = new Date().toISOString()
    if (failure !== undefined) {
      failures.set(name, { name, round, reason: failure, at })
      continue
    }
    const visit = { ...turn, ...measuredBy(events), load, at }
    await keepLines(join(folder, VISITS), [visit])
    visits.set(key, visit)
  }
  return {
    visits: [...turns.keys()].flatMap((key) => visits.get(key) ?? []),
    failures: [...failures.values()],
    peaks,
    products,
  }
}

/** One that says nothing of what is measured here is passed over. */
const MEASUREMENT: LineKind = {
  ...{ schema: z.looseObject({}), what: 'a measurement', lost: 'what it said is measured again' },
}

/** All turns in their order; a configuration that is given twice has one in each round. */
function turnsOf(configurations: readonly BenchConfiguration[], rounds: number): ReadonlyMap<string, Turn> {
  const turns = Array.from({ length: rounds }, (_, round) =>
    configurations.map((configuration) => ({ name: nameOf(configuration), round, configuration })),
  )
  return new Map(turns.flat().map((turn) => [keyOf(turn), turn]))
}

function keyOf({ name, round }: Pick<Turn, 'name' | 'round'>): string {
  return `${round} ${name}`
}

function measuredBy(events: readonly ContestantEvent[]): Pick<Visit, 'loadMs' | 'samples' | 'peakMiB'> {
  return {
    loadMs: events.find((event) => event.kind === 'ready')?.loadMs ?? 0,
    samples: events.filter((event) => event.kind === 'sample').map(({ kind: _, ...sample }) => sample),
    peakMiB: events.find((event) => event.kind === 'done')?.peakMiB ?? 0,
  }
}

/** What is measured once for all rounds, in a process of its own, and kept like the turns. */
interface Once<Kind extends 'peaks' | 'products', One> {
  readonly kind: Kind
  /** Where it is kept. */
  readonly file: string
  /** Configurations of one key, and what is kept of them, have it in common. */
  readonly keyOf: (one: BenchConfiguration | One) => string
  readonly describe: (
    found: Extract<ContestantEvent, { kind: Kind }>,
    of: BenchConfiguration,
  ) => Omit<One, 'load'>
}

/** What the machine reaches with each provider and number of threads that is measured. */
const PEAKS_ONCE: Once<'peaks', Peaks> = {
  kind: 'peaks',
  file: PEAKS,
  keyOf: ({ provider, threads }) => `${provider} ${threads}`,
  describe: ({ gemm, bandwidth }, { provider, threads }) => ({ provider, threads, gemm, bandwidth }),
}

/** What the products with each language model's weights take. */
const PRODUCTS_ONCE: Once<'products', ProductsTime> = {
  kind: 'products',
  file: PRODUCTS,
  keyOf: productsKey,
  describe: ({ milliseconds }, { llm, bits, prepacking, provider, threads }) => ({
    ...{ llm, bits, prepacking, provider, threads, milliseconds },
  }),
}

/**
 * For the first configuration of each key, unless it is kept already.
 * @returns one for each key for which there is one
 */
async function onceEach<Kind extends 'peaks' | 'products', One extends { readonly load?: number }>(
  { kind, file, keyOf, describe }: Once<Kind, One>,
  configurations: readonly BenchConfiguration[],
  { folder, weights, warmUp, steps, signal }: MeasureOptions,
  claim: () => Promise<void>,
): Promise<readonly One[]> {
  const wanted = new Map(configurations.map((configuration) => [keyOf(configuration), configuration]))
  await mendKeptLines(join(folder, file))
  const all = new Map(
    (await readKeptLines<One>(join(folder, file), MEASUREMENT)).map((one) => [keyOf(one), one]),
  )
  for (const [key, configuration] of wanted) {
    if (all.has(key)) continue
    if (signal?.aborted) break
    const load = await busyCores()
    const { events } = await runContestant({ kind, configuration, weights, warmUp, steps }, signal)
    const found = events.find(
      (event): event is Extract<ContestantEvent, { kind: Kind }> => event.kind === kind,
    )
    if (!found) continue
    await claim()
    const one = { ...describe(found, configuration), load } as One
    await keepLines(join(folder, file), [one])
    all.set(key, one)
  }
  return [...wanted.keys()].flatMap((key) => all.get(key) ?? [])
}
