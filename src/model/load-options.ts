import { PalError } from '../errors.js'
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
  /** ONNX Runtime's execution provider. @default 'cpu' */
  readonly provider?: string
  /** Threads of one operation. @default the cores of this machine */
  readonly threads?: number
}

/**
 * Checks what may come from a program without types.
 * @throws PalError for an option that there is not, and for one of a value that it cannot have
 */
export function checkLoadOptions(options: LoadOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new PalError(`expected options, such as { model: 'pal-tiny' }, got ${shown(options)}`)
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, key)) {
      const known = Object.keys(OPTIONS).join(', ')
      throw new PalError(`expected an option that there is (${known}), got "${key}"`, { key })
    }
    const [expected, fits] = OPTIONS[key as keyof LoadOptions]
    if (value === undefined || fits(value)) continue
    throw new PalError(`expected ${expected}, got ${shown(value)}`, { key })
  }
}

type Check = readonly [expected: string, fits: (value: unknown) => boolean]

const isText = (value: unknown) => typeof value === 'string' && value !== ''

const OPTIONS: Readonly<Record<keyof LoadOptions, Check>> = {
  model: ['the name of a model or the path of its folder', isText],
  llm: ['a path or a name', isText],
  encoder: ['a path or a name, or several', (value) => [value].flat().every(isText)],
  fetch: ['true, false or an object', (value) => typeof value === 'boolean' || isObject(value)],
  provider: ['the name of an execution provider', isText],
  threads: ['a whole number, 1 or more', (value) => Number.isInteger(value) && (value as number) >= 1],
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value)
}
