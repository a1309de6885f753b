import type { Draw } from '../data/source.js'
import type { ModelConfig } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import type { Random } from '../random.js'

/** How an audio reaches the language model, if not as each encoder hears it. */
export interface Hearing {
  /** An encoder that is not heard: modality dropout (ModDrop, Neverova et al. 2015), to learn from the others, too. */
  readonly unheard?: string | undefined
  /** An encoder of which another audio of the batch is heard, to learn whom to believe where encoders disagree. */
  readonly misheard?: { readonly encoder: string; readonly as: number } | undefined
}

/** What the language model is given of an encoder: of which audio of the batch, and how many tokens. */
export interface HeardTokens {
  readonly name: string
  readonly audio: number
  readonly tokens: number
}

/** What the language model is given of an audio, in the encoders' order. */
export function heardTokens(
  draws: readonly Draw[],
  audio: number,
  { encoders }: ModelConfig,
  { unheard, misheard }: Hearing = {},
): readonly HeardTokens[] {
  return encoders.map((named) => {
    const { name } = named
    const as = misheard?.encoder === name ? misheard.as : audio
    const { samples } = draws[as] as Draw
    return { name, audio: as, tokens: unheard === name ? 0 : tokenCount(named, samples.length).audio }
  })
}

/** One of the encoders, or none. @param shares how often each, by name */
export function drawEncoder(shares: Readonly<Record<string, number>>, random: Random): string | undefined {
  let left = random.next()
  return Object.entries(shares).find(([, share]) => {
    left -= share
    return left < 0
  })?.[0]
}
