import { join } from 'node:path'
import type { Bits } from '../weights/blocks.js'
import type { Protocol } from './answer-items.js'

/** Where answers are kept if nobody says: one folder for each set of questions, model and way of asking. */
export function defaultFolder(
  what: string,
  {
    model = 'default',
    bits,
    protocol,
    nll,
    limit,
  }: {
    readonly model?: string
    readonly bits?: Bits
    readonly protocol: Protocol
    readonly nll?: boolean
    readonly limit?: number
  },
): string {
  const name = [
    // No model's own name has an @ here.
    `eval-${slug(what)}-${slug(model)}${bits === undefined ? '' : `@${bits}bit`}`,
    ...(protocol === 'generation' ? [] : [protocol]),
    ...(nll ? ['nll'] : []),
    // So that a few questions can be tried before all are asked.
    ...(limit ? [`limit${limit}`] : []),
  ].join('-')
  return join('runs', name)
}

function slug(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|-+$/g, '')
}
