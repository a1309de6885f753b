import { PalError } from '../errors.js'
import { backoff, type Patience } from './patience.js'

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly token: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly patience: Patience
  /** Told in a sentence what went wrong and is tried again. */
  readonly onNotice?: ((sentence: string) => void) | undefined
  /** What is asked for, and the page about it, for messages. */
  readonly what: string
  readonly page: string
}

/**
 * Asks the hub for something. Refusals that pass (429, 5xx) and connections that fail are tried again, after as long as
 * the server says or ever longer; but not what fails before there is a connection to anybody, such as a bad address, nor
 * a server that cannot prove who it is.
 * @returns an answer of status 200 to 299, whose body is still to be read
 * @throws PalError that says what to do about any other
 */
export async function request(url: string, options: RequestOptions): Promise<Response> {
  const { patience, signal, token, headers, what, onNotice } = options
  for (let failures = 1; ; failures++) {
    let pause = backoff(failures)
    let failure: PalError
    let reason: string
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
      reason = `status ${response.status} for ${what}`
    } catch (cause) {
      if (cause instanceof PalError || signal?.aborted) throw cause
      failure = unreachable(url, cause)
      if (!mayPass(cause)) throw failure
      reason = noConnection(url, cause)
    }
    if (failures >= patience.attempts || pause > patience.longest) throw failure
    onNotice?.(again(reason, pause))
    await patience.wait(pause, signal)
  }
}

/** Gives up where no answer begins; its body may take as long as it likes. */
async function answer(
  url: string,
  { patience, signal }: RequestOptions,
  init: RequestInit,
): Promise<Response> {
  signal?.throwIfAborted()
  const ending = new AbortController()
  const stop = () => ending.abort(signal?.reason)
  const timer = setTimeout(() => ending.abort(silent(patience)), patience.silence)
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

/** The error of a connection that has been quiet for too long. */
export function silent({ silence }: Patience): Error {
  return Object.assign(new Error(`silent for ${silence / 1000} s`), { code: 'ETIMEDOUT' })
}

export function unreachable(url: string, cause: unknown): PalError {
  const hint = isTrust(cause)
    ? 'Whoever answers is not who the address says, or a proxy signs in its place: set NODE_EXTRA_CA_CERTS to the certificate of that.'
    : 'Check the network, HF_ENDPOINT and proxies; the next call goes on where this one ended.'
  return new PalError(`expected ${new URL(url).host} to answer, got no connection (${why(cause)})`, {
    hint,
    cause,
  })
}

/** Why something is tried again, and when. */
export function again(reason: string, pause: number): string {
  return `${reason}; trying again in ${Math.ceil(pause / 1000)} s`
}

export function noConnection(url: string, cause: unknown): string {
  return `no connection to ${new URL(url).host} (${why(cause)})`
}

function why(cause: unknown): string {
  const { message, code } = deepest(cause)
  return message.trim() || String(code)
}

/** What the system says of a connection has a code; what `fetch` itself refuses, as a bad port, has none. */
export function mayPass(cause: unknown): boolean {
  return deepest(cause).code !== undefined && !isTrust(cause)
}

/** The codes of OpenSSL and of Node for a certificate, and for a server that does not speak TLS at all. */
function isTrust(cause: unknown): boolean {
  return /CERT|^ERR_(SSL|TLS)_|^UNABLE_TO_|^INVALID_|HOSTNAME_MISMATCH/.test(deepest(cause).code ?? '')
}

/** `fetch failed` says nothing; what it was caused by does. */
function deepest(error: unknown): Error & { readonly code?: string } {
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
