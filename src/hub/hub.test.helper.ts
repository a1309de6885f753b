import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileBytes } from '../weights/weights.test.fixtures.js'
import type { Patience } from './patience.js'
import type { HubSettings } from './settings.js'

export const commit = '0123456789abcdef0123456789abcdef01234567'
export const repository = 'acme/tiny'

/** A file of weights that is large enough to come in many pieces. */
export const weights = Buffer.from(
  fileBytes(
    { w: { dtype: 'F32', shape: [250_000], data_offsets: [0, 1_000_000] } },
    Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) >> 3),
  ),
)

export const files: Readonly<Record<string, Buffer>> = {
  'README.md': Buffer.from('nobody needs this'),
  'config.json': Buffer.from('{"model_type":"llama"}'),
  'tokenizer.json': Buffer.from('{}'),
  'model.safetensors': weights,
  'pytorch_model.bin': Buffer.from('a pickle'),
}

/** Answers a request for a file in its own way; returns false to leave it to the ordinary way. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
) => boolean | undefined

/** A hub on 127.0.0.1, with one repository, that can be told to misbehave. */
export class FakeHub {
  readonly #server: Server
  readonly #files: Readonly<Record<string, Buffer>>
  readonly #repository: string
  /** By path, or `api` for the listing. */
  readonly faults = new Map<string, Fault>()
  readonly requests: {
    readonly path: string
    readonly range: string | undefined
    readonly token: string | undefined
  }[] = []
  /** Replaces what the listing says. */
  listing: unknown

  private constructor(content: Readonly<Record<string, Buffer>>, name: string) {
    this.#files = content
    this.#repository = name
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  static async start(context: TestContext, content = files, name = repository): Promise<FakeHub> {
    const hub = new FakeHub(content, name)
    await new Promise<void>((resolve) => hub.#server.listen(0, '127.0.0.1', resolve))
    context.after(() => {
      hub.#server.closeAllConnections()
      hub.#server.close()
    })
    return hub
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Paths of the files that were asked for, in their order. */
  get fetched(): readonly string[] {
    return this.requests.map(({ path }) => path).filter((path) => path !== 'api')
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = decodeURIComponent(request.url ?? '')
    const [, path = 'api'] = /\/resolve\/[^/]+\/(.+)$/.exec(url) ?? []
    const { range, authorization } = request.headers
    this.requests.push({ path, range, token: authorization?.replace('Bearer ', '') })
    const content = path === 'api' ? Buffer.from(JSON.stringify(this.#listing())) : this.#files[path]
    if (content && this.faults.get(path)?.(request, response, content)) return
    if (content && url.includes(this.#repository)) send(request, response, content)
    else refuse(response, 404, 'EntryNotFound')
  }

  #listing(): unknown {
    const siblings = Object.entries(this.#files).map(([rfilename, content]) => {
      const blobId = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
      const sha256 = createHash('sha256').update(content).digest('hex')
      const isLarge = /\.(safetensors|gguf|bin)$/.test(rfilename)
      const lfs = isLarge ? { sha256, size: content.length, pointerSize: 134 } : undefined
      return { rfilename, size: content.length, blobId, lfs }
    })
    return this.listing ?? { id: this.#repository, sha: commit, siblings }
  }
}

/** As a well-behaved server does, ranges included. */
export function send(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
  if (from === undefined) {
    response.writeHead(200, { 'content-length': content.length }).end(content)
    return
  }
  const rest = content.subarray(Number(from))
  response
    .writeHead(206, {
      'content-length': rest.length,
      'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
    })
    .end(rest)
}

export function refuse(response: ServerResponse, status: number, code?: string, more: object = {}): void {
  response.writeHead(status, { ...(code && { 'x-error-code': code }), ...more }).end()
}

/** Misbehaves the first `times`, and then no more. */
export function first(times: number, fault: Fault): Fault {
  let calls = 0
  return (...call) => calls++ < times && fault(...call)
}

export async function settingsFor(context: TestContext, hub?: FakeHub, more: Partial<HubSettings> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pal-hub-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return {
    endpoint: hub?.endpoint ?? 'http://127.0.0.1:1',
    cache: join(folder, 'hub'),
    offline: false,
    named: join(folder, 'named'),
    ...more,
  } satisfies HubSettings
}

/** Has this process look there instead of at the hub, as long as the test runs. */
export async function useHub(context: TestContext, hub: FakeHub): Promise<void> {
  const { cache } = await settingsFor(context, hub)
  const before = { HF_ENDPOINT: process.env.HF_ENDPOINT, HF_HUB_CACHE: process.env.HF_HUB_CACHE }
  Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache })
  context.after(() => {
    for (const [key, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[key]
      else process.env[key] = value
    }
  })
}

/** Waits for nothing, but says how long it would have. */
export function impatient(waits: number[] = []): Patience {
  return {
    attempts: 3,
    silence: 300,
    longest: 300_000,
    wait: async (milliseconds) => {
      waits.push(milliseconds)
    },
  }
}
