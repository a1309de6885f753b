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
  }: { readonly model?: string; readonly bits?: Bits; readonly protocol: Protocol; readonly nll?: boolean },
): string {
  const name = [
    // No model's own name has an @ here.
    `eval-${slug(what)}-${slug(model)}${bits === undefined ? '' : `@${bits}bit`}`,
    ...(protocol === 'generation' ? [] : [protocol]),
    ...(nll ? ['nll'] : []),
  ].join('-')
  return join('runs', name)
}

function slug(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|-+$/g, '')
}
