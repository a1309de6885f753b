import { PalError } from '../errors.js'

/** What was looked at, what was found there, and what to do if that is not good. */
export interface Check {
  readonly name: string
  /** `missing`: something that only some uses need. `broken`: nothing works without it. */
  readonly status: 'ok' | 'missing' | 'broken'
  readonly found: string
  readonly advice?: string
}

/**
 * Runs a check; what it throws makes it broken.
 * @param advice unless what is thrown has a hint of its own
 */
export async function check(
  name: string,
  look: () => Promise<Omit<Check, 'name' | 'status'> & { readonly status?: Check['status'] }>,
  advice: string,
): Promise<Check> {
  try {
    return { name, status: 'ok', ...(await look()) }
  } catch (error) {
    const { found, hint = advice } = divided(error)
    return { name, status: 'broken', found, advice: hint }
  }
}

/** What went wrong, and apart from that what to do about it: a check has its advice on a line of its own. */
export function divided(error: unknown): { readonly found: string; readonly hint?: string } {
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof PalError ? error.details.hint : undefined
  return hint === undefined ? { found: message } : { found: message.slice(0, -hint.length).trimEnd(), hint }
}
