import { matmul } from '../graph/matmul.js'
import { reshape } from '../graph/shape.js'
import { elementCount, type Tensor } from '../graph/tensor.js'
import type { KeyValues } from '../nn/attention.js'
import type { Heard } from './integration.js'

/**
 * Of each conversation, what there is of its audio: what was made once for an audio is there for all that is asked about it.
 *
 * As a product with ones and zeros, which leaves every number as it is: its gradient sums over the conversations, for which
 * `gather` takes far longer.
 * @param about 1 for the audio that each is about, else 0: [conversations, audios]. @default there is one about each, in their order
 */
export function share(heard: Pick<Heard, 'memory' | 'cross'>, about?: Tensor): typeof heard {
  if (!about) return heard
  const [conversations, audios] = about.shape as readonly [number, number]
  const known = new Map<Tensor, Tensor>() // All layers have one mask.
  const ofEach = (all: Tensor) => {
    const one = all.shape.slice(1)
    const each = known.get(all) ?? matmul(about, reshape(all, [audios, elementCount(one)]))
    known.set(all, each)
    return reshape(each, [conversations, ...one])
  }
  const shared = ({ keys, values, mask }: KeyValues): KeyValues => ({
    keys: ofEach(keys),
    values: ofEach(values),
    mask: mask && ofEach(mask),
  })
  return {
    memory: heard.memory.map((parts) => parts.map(shared)),
    cross: heard.cross.map((part) => part && shared(part)),
  }
}
