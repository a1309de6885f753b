import type { FeatureStore } from '../features/feature-store.js'
import { encoderWeights, FrozenEncoder, type FrozenEncoderOptions } from '../features/frozen-encoder.js'
import type { ModelConfig, NamedEncoder } from '../model/config/config.js'
import { tokenCount } from '../model/network/token-count.js'
import type { Batch } from './batch.js'
import type { Stage } from './recipe/recipe.js'
import { trainedBy } from './trained-parts.js'

export interface StageFeaturesOptions extends Omit<FrozenEncoderOptions, 'encoder' | 'store'> {
  readonly stage: Stage
  /** Called when a batch first has audio that may come again. */
  readonly openStore: () => Promise<FeatureStore>
}

/**
 * What encoders that a stage does not train make of audio that comes again is taken from the store, and the step begins
 * behind it. That is a matter of what was drawn, never of what the store holds: a batch of which no audio may come again
 * is encoded within its step, any other audio by audio, so that a store that is empty, full or gone changes no bit.
 */
export class StageFeatures {
  readonly #options: StageFeaturesOptions
  readonly #frozen: readonly NamedEncoder[]
  #opened: readonly FrozenEncoder[] | undefined

  constructor(options: StageFeaturesOptions) {
    this.#options = options
    this.#frozen = options.stage.specAugment ? [] : frozenEncoders(options.config, options.stage)
  }

  /** The batch with features instead of waveforms, where there are any to be had. */
  async fill(batch: Batch): Promise<Batch> {
    if (this.#frozen.length === 0 || !batch.draws.some(({ recurs }) => recurs)) return batch
    this.#opened ??= await this.#open()
    const feeds = { ...batch.feeds }
    for (const [i, encoder] of this.#opened.entries()) {
      feeds[`${encoder.name}.features`] = await padded(batch, encoder, this.#frozen[i] as NamedEncoder)
    }
    return { ...batch, shape: { ...batch.shape, given: this.#frozen.map(({ name }) => name) }, feeds }
  }

  /** How often what an encoder makes was in the store, and how often not; undefined if it was never looked for. */
  get counts(): FrozenEncoder['counts'] | undefined {
    return this.#opened?.reduce(
      (sum, { counts }) => ({ found: sum.found + counts.found, computed: sum.computed + counts.computed }),
      { found: 0, computed: 0 },
    )
  }

  async release(): Promise<void> {
    for (const encoder of this.#opened ?? []) await encoder.release()
  }

  async #open(): Promise<readonly FrozenEncoder[]> {
    const { stage: _, openStore, ...options } = this.#options
    const store = await openStore()
    return Promise.all(this.#frozen.map((encoder) => FrozenEncoder.open({ ...options, encoder, store })))
  }
}

/** The encoders of which a stage trains nothing. */
function frozenEncoders(config: ModelConfig, { trained }: Stage): readonly NamedEncoder[] {
  const isTrained = trainedBy(trained)
  return config.encoders.filter((encoder) => !encoderWeights(config, encoder).some(isTrained))
}

/** [audios, tokens, hiddenSize], zeros for tokens that are padding, which nobody attends to. */
async function padded(
  { draws, shape }: Batch,
  encoder: FrozenEncoder,
  named: NamedEncoder,
): Promise<Float32Array> {
  const each = tokenCount(named, shape.samples).encoder * named.encoder.hiddenSize
  const features = new Float32Array(draws.length * each)
  for (const [i, { samples, recurs = false }] of draws.entries()) {
    features.set(await encoder.features(samples, recurs), i * each)
  }
  return features
}
