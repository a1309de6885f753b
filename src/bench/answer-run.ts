import { KeyValueCache } from '../llm/kv-cache.js'
import { likeliest } from '../llm/sampling.js'
import { AudioEncoder } from '../model/answering/audio-encoder.js'
import { LanguageModel } from '../model/answering/language-model.js'
import { Listener } from '../model/answering/listener.js'
import type { ModelConfig } from '../model/config/config.js'
import { Random } from '../random.js'
import type { Runtime, WeightSource } from '../runtime/runtime.js'
import { type BenchConfiguration, isPrepacked } from './configuration.js'

/** One answer's times, in milliseconds. */
export interface AnswerTimes {
  /** From seconds of sound to audio tokens, where an encoder is measured too. */
  readonly encodeMs?: number
  /** From audio tokens to what the language model remembers of them without reading any. */
  readonly listenMs: number
  /** Reading the prompt, and audio tokens that stand before it, up to the scores of the answer's first token. */
  readonly promptMs: number
  /** Each further token, of all answers of the batch. */
  readonly tokenMs: readonly number[]
}

/** An answer from audio tokens, by the code that answers users. */
export class AnswerRun {
  readonly #configuration: BenchConfiguration
  readonly #config: ModelConfig
  readonly #languageModel: LanguageModel
  readonly #listener: Listener
  readonly #encoder: AudioEncoder

  private constructor(
    configuration: BenchConfiguration,
    config: ModelConfig,
    parts: { languageModel: LanguageModel; listener: Listener; encoder: AudioEncoder },
  ) {
    this.#configuration = configuration
    this.#config = config
    this.#languageModel = parts.languageModel
    this.#listener = parts.listener
    this.#encoder = parts.encoder
  }

  static async compile(
    runtime: Runtime,
    configuration: BenchConfiguration,
    config: ModelConfig,
    weights: (name: string) => WeightSource | undefined,
  ): Promise<AnswerRun> {
    const compiling = LanguageModel.compile(runtime, config, weights, {
      prepacking: isPrepacked(configuration),
    })
    return new AnswerRun(configuration, config, {
      languageModel: await compiling,
      listener: await Listener.compile(runtime, config, weights, compiling),
      encoder: new AudioEncoder(runtime, config, weights),
    })
  }

  async run(): Promise<AnswerTimes> {
    const { audioTokens, textTokens, batch, newTokens, encoder } = this.#configuration
    const { llm } = this.#config
    const random = new Random('answer run')
    const data = Float32Array.from({ length: audioTokens * llm.hiddenSize }, () => random.normal())
    const ids = Array.from({ length: textTokens }, () => random.integer(llm.vocabularySize))

    const encodeMs = encoder ? await this.#encode(audioTokens / TOKENS_PER_SECOND) : undefined
    const start = performance.now()
    const { cache, audio, position } = await this.#listener.hear([new Map([['general', data]])], textTokens)
    const listened = performance.now()
    const { logits, next } = await this.#languageModel.readPrompt({ cache, audio, ids, position })
    const answered = performance.now()
    await cache.home()

    const tokenMs: number[] = []
    const together = KeyValueCache.join(Array.from({ length: batch }, () => cache))
    await cache.release()
    let tokens = Array.from({ length: batch }, () => likeliest(logits))
    for (let i = 0; i < newTokens; i++) {
      const begun = performance.now()
      const positions = new Array<number>(batch).fill(next + i)
      const scores = await this.#languageModel.next(together, tokens, positions)
      tokens = scores.map(likeliest)
      tokenMs.push(performance.now() - begun)
    }
    await together.release()
    return {
      ...(encodeMs !== undefined && { encodeMs }),
      listenMs: listened - start,
      promptMs: answered - listened,
      tokenMs,
    }
  }

  async #encode(seconds: number): Promise<number> {
    const random = new Random('sound')
    const samples = Float32Array.from({ length: Math.round(16_000 * seconds) }, () =>
      random.uniform(-0.1, 0.1),
    )
    const start = performance.now()
    await this.#encoder.encode(samples)
    return performance.now() - start
  }
}

const TOKENS_PER_SECOND = 50
