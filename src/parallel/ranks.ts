/**
 * The processes that do one job together, by MPI's name for them. What they exchange is little and has one form: each
 * has numbers, and each gets their sum. Calls are collective: every rank makes the same ones, in the same order.
 */
export interface Ranks {
  /** This process among them, from 0. Rank 0 alone writes and prints. */
  readonly rank: number
  readonly size: number
  /** Threads that leave the other ranks of this machine their cores; without others, the runtime's own default. */
  readonly threads: number | undefined
  /** Adds up all ranks' numbers, element by element, in place. Every rank gets the same bits. */
  sum(numbers: Summable): Promise<void>
  /** Waits for the others and parts from them. */
  close(): Promise<void>
  /** Ends the whole job, since the others would wait for this rank for ever. Does not return where there are others. */
  abort(code: number): void
}

export type Summable = Float32Array | Float64Array | Uint8Array

/** A process alone, which sums to what it has. */
export const solitary: Ranks = {
  rank: 0,
  size: 1,
  threads: undefined,
  sum: async () => undefined,
  close: async () => undefined,
  abort: () => undefined,
}

/** Returns when every rank has come here. */
export async function meet(ranks: Ranks): Promise<void> {
  await ranks.sum(new Float64Array(1))
}

/** Rank 0 does it, then all the others at once: they find what it has written. */
export async function rankZeroFirst<T>(ranks: Ranks, task: () => Promise<T>): Promise<T> {
  if (ranks.rank > 0) await meet(ranks)
  const result = await task()
  if (ranks.rank === 0) await meet(ranks)
  return result
}

/** Whether it is so on any rank. */
export async function onAnyRank(ranks: Ranks, here: boolean): Promise<boolean> {
  const count = Float64Array.of(here ? 1 : 0)
  await ranks.sum(count)
  return count[0] !== 0
}

/** What each rank says, in their order, told to all. It travels as JSON. */
export async function gather<T>(ranks: Ranks, said: T): Promise<readonly T[]> {
  if (ranks.size === 1) return [said]
  const own = new TextEncoder().encode(JSON.stringify(said))
  const lengths = new Float64Array(ranks.size)
  lengths[ranks.rank] = own.length
  await ranks.sum(lengths)
  const ends = [...lengths.keys()].map((rank) => lengths.subarray(0, rank + 1).reduce((a, b) => a + b, 0))
  const all = new Uint8Array(ends.at(-1) as number)
  all.set(own, ends[ranks.rank]! - own.length)
  await ranks.sum(all)
  return ends.map((end, i) => JSON.parse(new TextDecoder().decode(all.subarray(ends[i - 1] ?? 0, end))) as T)
}
