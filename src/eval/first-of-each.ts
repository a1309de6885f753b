import { groupBy } from '../group-by.js'
import { Random } from '../random.js'

/** A seeded draw of each task's questions, at most so many, in their order. */
export function firstOfEach<T extends { readonly task: string }>(
  items: readonly T[],
  limit: number,
  seed: number,
): readonly T[] {
  const chosen = [...groupBy(items, ({ task }) => task)].flatMap(([task, of]) =>
    new Random('limit', seed, task).shuffle(of).slice(0, limit),
  )
  const kept = new Set(chosen)
  return items.filter((item) => kept.has(item))
}
