import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PalError } from '../errors.js'
import { homeFolder } from '../home-folder.js'

/** Where the hub and its cache are: what huggingface_hub reads from the environment (its constants.py). */
export interface HubSettings {
  /** @default 'https://huggingface.co' */
  readonly endpoint: string
  /** The folder with `models--OWNER--NAME`, shared with Python. */
  readonly cache: string
  readonly token?: string
  /** Nothing is asked of the network. */
  readonly offline: boolean
  /** The folder that PAL's own names for local models are kept in. */
  readonly named: string
}

/**
 * Reads HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HF_TOKEN and HF_TOKEN_PATH (or the file that
 * `hf auth login` writes), and PAL_CACHE, with the same meaning and the same defaults as in Python.
 * @throws PalError for an endpoint that is no address, and for a token that cannot be one
 */
export async function hubSettings(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<HubSettings> {
  const caches = folder(env.XDG_CACHE_HOME) ?? join(homeFolder(), '.cache')
  const home = folder(env.HF_HOME) ?? join(caches, 'huggingface')
  const token = expectToken(
    (env.HF_TOKEN ?? env.HUGGING_FACE_HUB_TOKEN)?.trim() || (await storedToken(env, home)),
  )
  return {
    endpoint: endpoint(env.HF_ENDPOINT),
    cache: folder(env.HF_HUB_CACHE) ?? folder(env.HUGGINGFACE_HUB_CACHE) ?? join(home, 'hub'),
    ...(token && { token }),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    named: join(folder(env.PAL_CACHE) ?? join(caches, 'pal-audio'), 'models'),
  }
}

/** What cannot stand in a header is refused by `fetch` with a message that has the token in it. */
function expectToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token
  throw new PalError('expected a token of letters and digits, got one with spaces or other characters', {
    key: 'HF_TOKEN',
    hint: 'Copy it again, in one line; or unset it, if what is wanted is public.',
  })
}

async function storedToken(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<string | undefined> {
  const file = folder(env.HF_TOKEN_PATH) ?? join(home, 'token')
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text?.trim() || undefined
}

function endpoint(text = 'https://huggingface.co'): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return text.replace(/\/+$/, '')
  throw new PalError(`expected an address such as https://huggingface.co, got "${text}"`, {
    key: 'HF_ENDPOINT',
  })
}

function folder(path: string | undefined): string | undefined {
  return path?.replace(/^~(?=$|[/\\])/, homeFolder()) || undefined
}

function isTrue(text: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes(text?.toUpperCase() ?? '')
}
