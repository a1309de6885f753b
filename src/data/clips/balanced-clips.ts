import { groupBy } from '../../group-by.js'
import type { Random } from '../../random.js'
import type { ClipKind } from './clip.js'
import type { LoadedClip } from './load-clips.js'

/**
 * Clips drawn evenly over labels, then over groups, then over clips, so that neither 77 snare drums nor one
 * large drum kit outweigh the rest.
 */
export class BalancedClips {
  /** label key → groups → clips */
  readonly #tree: ReadonlyMap<string, readonly (readonly LoadedClip[])[]>
  readonly #keys: readonly string[]
  readonly #countable: readonly string[]

  constructor(clips: readonly LoadedClip[]) {
    const labels = groupBy(clips, ({ kind, label }) => keyOf(kind, label))
    this.#tree = new Map(
      [...labels].map(([key, same]) => [
        key,
        [...groupBy(same, (clip) => `${clip.set}/${clip.group}`).values()],
      ]),
    )
    this.#keys = [...labels.keys()]
    this.#countable = this.#keys.filter((key) => !key.startsWith('sound/'))
  }

  get hasCountable(): boolean {
    return this.#countable.length > 0
  }

  draw(random: Random): LoadedClip {
    return this.#of(random.pick(this.#keys), random)
  }

  /** A digit or a drum. */
  drawCountable(random: Random): LoadedClip {
    return this.#of(random.pick(this.#countable), random)
  }

  /** Up to `count` clips of different labels. */
  drawDistinct(count: number, random: Random): LoadedClip[] {
    return random
      .shuffle(this.#keys)
      .slice(0, count)
      .map((key) => this.#of(key, random))
  }

  /** Another clip of the same label by the same speaker or kit; the same clip where there is no other. */
  drawLike(clip: LoadedClip, random: Random): LoadedClip {
    const groups = this.#tree.get(keyOf(clip.kind, clip.label)) ?? []
    return random.pick(groups.find((group) => group.includes(clip)) ?? [clip])
  }

  #of(key: string, random: Random): LoadedClip {
    return random.pick(random.pick(this.#tree.get(key) ?? []))
  }
}

const keyOf = (kind: ClipKind, label: string) => `${kind}/${label}`
