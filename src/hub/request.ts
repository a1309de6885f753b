import { PalError } from '../errors.js'
import { backoff, type Patience } from './patience.js'

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly token: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly patience: Patience
  /** What is asked for, and the page about it, for messages. */
  readonly what: string
  readonly page: string
}

/**
 * Asks the hub for something. Refusals that pass (429, 5xx) and connections that fail are tried again, after as long as
 * the server says or ever longer.
 * @returns an answer of status 200 to 299, whose body is still to be read
 * @throws PalError that says what to do about any other
 */
export async function request(url: string, options: RequestOptions): Promise<Response> {
  const { patience, signal, token, headers } = options
  for (let failures = 1; ; failures++) {
    let pause = backoff(failures)
    let failure: PalError
    try {
      const response = await answer(url, options, {
        headers: {
          ...headers,
          // Compressed answers have other lengths than the files, and cannot be resumed.
          'accept-encoding': 'identity',
          'user-agent': 'pal-audio',
          ...(token && { authorization: `Bearer ${token}` }),
        },
      })
      if (response.ok) return response
      await response.body?.cancel()
      failure = refusal(response, options)
      if (!passes(response.status)) throw failure
      pause = retryAfter(response) ?? pause
    } catch (cause) {
      if (cause instanceof PalError || signal?.aborted) throw cause
      failure = unreachable(url, cause)
    }
    if (failures >= patience.attempts || pause > patience.longest) throw failure
    await patience.wait(pause, signal)
  }
}

/** Gives up where no answer begins; its body may take as long as it likes. */
async function answer(
  url: string,
  { patience, signal }: RequestOptions,
  init: RequestInit,
): Promise<Response> {
  const ending = new AbortController()
  const stop = () => ending.abort(signal?.reason)
  const timer = setTimeout(
    () => ending.abort(new Error(`silent for ${patience.silence / 1000} s`)),
    patience.silence,
  )
  signal?.throwIfAborted()
  signal?.addEventListener('abort', stop)
  try {
    return await fetch(url, { ...init, signal: ending.signal })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

function passes(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

/** In milliseconds; the header has seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(response: Response): number | undefined {
  const header = response.headers.get('retry-after')
  if (header === null) return undefined
  if (/^\d+$/.test(header)) return 1000 * Number(header)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

export function unreachable(url: string, cause: unknown): PalError {
  const { message } = deepest(cause)
  return new PalError(`expected ${new URL(url).host} to answer, got no connection (${message})`, {
    hint: 'Check the network, HF_ENDPOINT and proxies; the next call goes on where this one ended.',
    cause,
  })
}

/** `fetch failed` says nothing; what it was caused by does. */
function deepest(error: unknown): Error {
  const inner = error instanceof Error ? error.cause : undefined
  if (inner instanceof Error) return deepest(inner)
  return error instanceof Error ? error : new Error(String(error))
}

function refusal({ status, headers }: Response, { what, page, token }: RequestOptions): PalError {
  const code = headers.get('x-error-code')
  const got = `got status ${status}${code ? ` (${code.slice(0, 60)})` : ''}`
  const tokens = `${new URL(page).origin}/settings/tokens`
  if (code === 'GatedRepo' || status === 403) {
    return new PalError(`expected to be allowed to read ${what}, ${got}`, {
      hint: token
        ? `Accept its licence at ${page}, with the account of your token; the token must be allowed to read gated models.`
        : `Accept its licence at ${page}, and set HF_TOKEN to a token of that account (${tokens}).`,
    })
  }
  if (status === 401) {
    return new PalError(`expected ${what} to be there and readable, ${got}`, {
      hint: token
        ? `The token was refused, or there is no such model: check the name, and HF_TOKEN at ${tokens}.`
        : `Check the name; if the model is private, set HF_TOKEN to a token that may read it (${tokens}).`,
    })
  }
  if (status === 404) {
    const hint =
      code === 'RevisionNotFound'
        ? `The model has no such branch, tag or commit: see ${page}/tree/main.`
        : `Check the spelling: ${page} should be its page.`
    return new PalError(`expected ${what} to be there, ${got}`, { hint })
  }
  if (passes(status)) {
    return new PalError(`expected ${what}, ${got} again and again`, {
      hint:
        status === 429
          ? `There were too many requests: wait a few minutes${token ? '' : ', or set HF_TOKEN, which may ask more often'}.`
          : 'The server has a problem of its own: try again later; the next call goes on where this one ended.',
    })
  }
  return new PalError(`expected ${what}, ${got}`)
}
