import type { Ranks, Summable } from './ranks.js'

/** Ranks that are strands of one process: a sum is there when all of them have come to it. */
export function ranksOfOneProcess(size: number): readonly Ranks[] {
  let come: { readonly rank: number; readonly numbers: Summable; readonly go: () => void }[] = []
  const meetIfAll = () => {
    if (come.length < size) return
    const all = come.sort((a, b) => a.rank - b.rank)
    come = []
    const [first, ...others] = all.map(({ numbers }) => numbers) as [Summable, ...Summable[]]
    for (const numbers of others) for (let i = 0; i < first.length; i++) first[i]! += numbers[i]!
    for (const numbers of others) numbers.set(first)
    for (const { go } of all) go()
  }
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    threads: 1,
    sum: (numbers: Summable) =>
      new Promise<void>((go) => {
        come.push({ rank, numbers, go })
        meetIfAll()
      }),
    close: async () => undefined,
    abort: () => undefined,
  }))
}
