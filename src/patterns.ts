/**
 * Whether a name fits any of the patterns, `*` standing for anything, and none of those that begin with `!`, in whatever order
 * they are given: `['llm.*', '!llm.*.mlp.*']`.
 */
export function matcher(patterns: readonly string[]): (name: string) => boolean {
  const expressionsOf = (ones: readonly string[]) =>
    ones.map((pattern) => {
      const parts = pattern.split('*').map((part) => part.replace(/[.\\+?^$(){}|[\]]/g, '\\$&'))
      return new RegExp(`^${parts.join('.*')}$`)
    })
  const included = expressionsOf(patterns.filter((pattern) => !isExclusion(pattern)))
  const excluded = expressionsOf(patterns.filter(isExclusion).map((pattern) => pattern.slice(1)))
  return (name) =>
    included.some((expression) => expression.test(name)) &&
    !excluded.some((expression) => expression.test(name))
}

/** Whether a pattern says what others are not to fit. */
export const isExclusion = (pattern: string): boolean => pattern.startsWith('!')

/** The first pattern that makes no difference: it fits no name, or excludes none that another fits. */
export function uselessPattern(patterns: readonly string[], names: readonly string[]): string | undefined {
  const included = names.filter(matcher(patterns.filter((pattern) => !isExclusion(pattern))))
  return patterns.find((pattern) =>
    isExclusion(pattern) ? !included.some(matcher([pattern.slice(1)])) : !names.some(matcher([pattern])),
  )
}
