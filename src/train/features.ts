import type { ImaginedSound } from '../data/source.js'
import {
  encoderWeights,
  FrozenEncoder,
  type FrozenEncoderOptions,
  weightOf,
} from '../features/frozen-encoder.js'
import { ImaginedScores } from '../features/imagined-scores.js'
import type { ModelConfig, NamedEncoder } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import type { Batch } from './batch.js'
import { readNumbers } from './read-weight.js'
import type { Stage } from './recipe/recipe.js'
import { trainedBy } from './trained-parts.js'

export interface StageFeaturesOptions extends Omit<FrozenEncoderOptions, 'encoder'> {
  readonly stage: Stage
}

/**
 * What encoders that a stage does not train make of audio that comes again is taken from the store, and the step begins
 * behind it. That is a matter of what was drawn, never of what the store holds: a batch of which no audio may come again
 * is encoded within its step, any other audio by audio, so that a store that is empty, full or gone changes no bit. Of a
 * sound that is imagined for an encoder there is nothing to encode, so its batch begins behind the encoders, too.
 */
export class StageFeatures {
  readonly #options: StageFeaturesOptions
  readonly #frozen: readonly NamedEncoder[]
  #opened: readonly FrozenEncoder[] | undefined
  readonly #imagined = new Map<string, Promise<ImaginedScores>>()

  constructor(options: StageFeaturesOptions) {
    this.#options = options
    this.#frozen = options.stage.specAugment ? [] : frozenEncoders(options.config, options.stage)
  }

  /** The batch with features instead of waveforms, where there are any to be had. */
  async fill(batch: Batch): Promise<Batch> {
    const { openStore } = this.#options
    const imagining = batch.draws.flatMap(({ imagined }) => imagined?.encoder ?? [])
    const learning = imagining.find((encoder) => !this.#frozen.some(({ name }) => name === encoder))
    if (learning !== undefined) throw new Error(`the encoder "${learning}" learns, and cannot imagine`)
    const comesAgain = openStore !== undefined && batch.draws.some(({ recurs }) => recurs)
    if (this.#frozen.length === 0 || !(comesAgain || imagining.length > 0)) return batch
    this.#opened ??= await this.#open()
    const feeds = { ...batch.feeds }
    for (const [i, encoder] of this.#opened.entries()) {
      feeds[`${encoder.name}.features`] = await this.#padded(batch, encoder, this.#frozen[i] as NamedEncoder)
    }
    return { ...batch, shape: { ...batch.shape, given: this.#frozen.map(({ name }) => name) }, feeds }
  }

  /** How often what an encoder makes was in the store, and how often not; undefined if it was never looked for. */
  get counts(): FrozenEncoder['counts'] | undefined {
    if (!this.#options.openStore) return undefined
    return this.#opened?.reduce(
      (sum, { counts }) => ({ found: sum.found + counts.found, computed: sum.computed + counts.computed }),
      { found: 0, computed: 0 },
    )
  }

  async release(): Promise<void> {
    for (const encoder of this.#opened ?? []) await encoder.release()
  }

  /** [audios, tokens, hiddenSize], zeros for tokens that are padding, which nobody attends to. */
  async #padded({ draws, shape }: Batch, encoder: FrozenEncoder, named: NamedEncoder): Promise<Float32Array> {
    const each = tokenCount(named, shape.samples).encoder * named.encoder.hiddenSize
    const features = new Float32Array(draws.length * each)
    for (const [i, { samples, imagined, recurs = false }] of draws.entries()) {
      const heard =
        imagined?.encoder === encoder.name
          ? await this.#imagine(imagined, tokenCount(named, samples.length).encoder)
          : await encoder.features(samples, recurs)
      features.set(heard, i * each)
    }
    return features
  }

  async #imagine({ encoder, label, seed }: ImaginedSound, tokens: number): Promise<Float32Array> {
    const known = this.#imagined.get(encoder) ?? imaginedScores(this.#options, encoder)
    this.#imagined.set(encoder, known)
    return (await known).scores(label, tokens, seed)
  }

  async #open(): Promise<readonly FrozenEncoder[]> {
    const { stage: _, ...options } = this.#options
    return Promise.all(this.#frozen.map((encoder) => FrozenEncoder.open({ ...options, encoder })))
  }
}

/** The encoders of which a stage trains nothing. */
function frozenEncoders(config: ModelConfig, { trained }: Stage): readonly NamedEncoder[] {
  const isTrained = trainedBy(trained)
  return config.encoders.filter((encoder) => !encoderWeights(config, encoder).some(isTrained))
}

async function imaginedScores(
  weights: Pick<StageFeaturesOptions, 'parameters' | 'frozen'>,
  encoder: string,
): Promise<ImaginedScores> {
  const read = async (part: string) => {
    const name = `encoders.${encoder}.encoder.classifier.${part}`
    // A copy: a run's own weights are lent to each step.
    return (await readNumbers(weightOf(weights, name), name)).slice()
  }
  return new ImaginedScores(await read('weight'), await read('bias'))
}
