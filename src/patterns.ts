/** Whether a name fits any of the patterns, `*` standing for anything. */
export function matcher(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.\\+?^$(){}|[\]]/g, '\\$&'))
    return new RegExp(`^${parts.join('.*')}$`)
  })
  return (name) => expressions.some((expression) => expression.test(name))
}
