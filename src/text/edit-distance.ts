/** The fewest insertions, deletions and substitutions that turn one list into the other (Levenshtein 1966). */
export function editDistance<T>(from: readonly T[], to: readonly T[]): number {
  let above = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (const [i, a] of from.entries()) {
    const row = [i + 1]
    for (const [j, b] of to.entries()) {
      row.push(Math.min(above[j]! + (a === b ? 0 : 1), above[j + 1]! + 1, row[j]! + 1))
    }
    above = row
  }
  return above[to.length]!
}
