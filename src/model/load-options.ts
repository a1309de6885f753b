import { abortSignal, being, type Checks, checkOptions, wholeNumber } from '../check-options.js'
import type { Bits } from '../weights/blocks.js'
import type { Fetching } from './bases/find-base.js'

export interface LoadOptions {
  /** The name of a model that ships, or the path of a model's folder. @default 'pal-tiny' */
  readonly model?: string
  /**
   * Where the language model is that the model is built on: a path, or a name that `pal pull` knows. @default where this
   * machine saw it last, else by the name that the model has for it
   */
  readonly llm?: string
  /** The same of an encoder, or `encoder=path` of several. */
  readonly encoder?: string | readonly string[]
  /**
   * Whether what the model is built on is fetched from the hub if it is not on this machine: `false`, or what is told of
   * it. @default true
   */
  readonly fetch?: boolean | Fetching
  /**
   * Rounds the language model's matrices to so many bits, once, into the cache: for less memory, and words in less time where it is
   * large. At 8 bits `pal-smollm2-135m` answers as well, at 4 it does not. @default as the model is
   */
  readonly bits?: Bits
  /** Told how far a copy is that is made of weights in the cache: bytes of float32 that were converted, and bytes in all. */
  readonly onConverting?: (done: number, total: number) => void
  /** ONNX Runtime's execution provider. @default 'cpu' */
  readonly provider?: string
  /** Threads of one operation. @default the cores of this machine */
  readonly threads?: number
  /** Stops the loading, downloads included unless `fetch` has a signal of its own. @default none */
  readonly signal?: AbortSignal
}

/**
 * Checks what may come from a program without types.
 * @throws PalError for an option that there is not, and for one of a value that it cannot have
 */
export function checkLoadOptions(options: LoadOptions): void {
  checkOptions(options, OPTIONS, "{ model: 'pal-tiny' }")
}

/** What is told of a download, and stops it: undefined if nothing is to be fetched. */
export function fetchingOf({ fetch = true, signal }: LoadOptions): Fetching | undefined {
  if (fetch === false) return undefined
  const own = fetch === true ? {} : fetch
  return signal === undefined || own.signal ? own : { ...own, signal }
}

const isFunction = (value: unknown) => typeof value === 'function'

const FETCHING: Checks<Fetching> = {
  signal: abortSignal,
  onNotice: being('a function', isFunction),
  onProgress: being('a function', isFunction),
}

const isName = (value: unknown) => typeof value === 'string' && value !== ''

const OPTIONS: Checks<LoadOptions> = {
  model: being('the name of a model or the path of its folder', isName),
  llm: being('a path or a name', isName),
  encoder: being('a path or a name, or several', (value) => [value].flat().every(isName)),
  fetch: (value, key) => {
    if (typeof value !== 'boolean')
      checkOptions(value as Fetching, FETCHING, 'true, false or { onProgress }', key)
  },
  bits: being('4 or 8', (value) => value === 4 || value === 8),
  onConverting: being('a function', isFunction),
  provider: being('the name of an execution provider', isName),
  threads: wholeNumber,
  signal: abortSignal,
}
