/** What was looked at, what was found there, and what to do if that is not good. */
export interface Check {
  readonly name: string
  /** `missing`: something that only some uses need. `broken`: nothing works without it. */
  readonly status: 'ok' | 'missing' | 'broken'
  readonly found: string
  readonly advice?: string
}

/** Runs a check; what it throws makes it broken. */
export async function check(
  name: string,
  look: () => Promise<Omit<Check, 'name' | 'status'> & { readonly status?: Check['status'] }>,
  advice: string,
): Promise<Check> {
  try {
    return { name, status: 'ok', ...(await look()) }
  } catch (error) {
    return { name, status: 'broken', found: error instanceof Error ? error.message : String(error), advice }
  }
}
