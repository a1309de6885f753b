import { PalError } from '../errors.js'
import { createSampler, type SamplingOptions } from '../llm/sampling.js'
import { Runtime } from '../runtime/runtime.js'
import type { ChatMessage } from '../text/chat.js'
import { createTextStream } from '../text/text-stream.js'
import { Answer, type AskResult } from './answer.js'
import { type AudioInput, type AudioMemory, Ears } from './ears.js'
import { findModel } from './find-model.js'
import { type Ending, generate } from './generator.js'
import { LanguageModel } from './language-model.js'
import { cacheFrom } from './listener.js'
import { type ModelDescription, type OpenedModel, openModel } from './model-folder.js'
import { probe } from './probe.js'

export interface LoadOptions {
  /** The name of a model that ships, or the path of a model's folder. @default 'pal-tiny' */
  readonly model?: string
  /** ONNX Runtime's execution provider. @default 'cpu' */
  readonly provider?: string
  /** Threads of one operation. @default the cores of this machine */
  readonly threads?: number
}

export interface AskOptions extends SamplingOptions {
  /** The most tokens of the answer. One that is cut there says so in its warnings. @default 256 */
  readonly maxTokens?: number
  /** What was said before about the same audio. */
  readonly history?: readonly ChatMessage[]
  readonly signal?: AbortSignal
}

/**
 * Loads a model that hears.
 *
 * @example
 * const pal = await loadPal()
 * for await (const piece of pal.ask('recording.wav', 'What do you hear?')) process.stdout.write(piece)
 * await pal.close()
 *
 * @throws PalError if there is no such model, or its folder is not whole
 */
export async function loadPal({ model, provider, threads }: LoadOptions = {}): Promise<Pal> {
  const folder = findModel(model)
  const runtime = await Runtime.start({ ...(provider && { provider }), ...(threads && { threads }) })
  try {
    if (provider !== undefined && provider !== 'cpu') await probe(runtime, provider)
    return new Pal(runtime, await openModel(folder))
  } catch (error) {
    await runtime.close()
    throw error
  }
}

/** A loaded model. */
export class Pal {
  readonly #runtime: Runtime
  readonly #model: OpenedModel
  readonly #languageModel: Promise<LanguageModel>
  readonly #ears: Ears
  #closed = false

  constructor(runtime: Runtime, model: OpenedModel) {
    const { config, weights } = model
    this.#runtime = runtime
    this.#model = model
    // Compiling goes on in the runtime's thread while this one reads the audio.
    this.#languageModel = LanguageModel.compile(runtime, config.model, weights)
    this.#languageModel.catch(() => undefined) // Whoever asks is told.
    this.#ears = new Ears(runtime, model, this.#languageModel)
  }

  /** What the model is. */
  get description(): ModelDescription {
    return this.#model.config
  }

  /**
   * Asks a question about audio, or about several audios, which are heard one after the other. The text comes as
   * it is generated; `result` has everything else.
   *
   * @throws PalError, on reading the answer, for audio that cannot be read, an empty question or a bad option
   */
  ask(audio: AudioInput | readonly AudioInput[], question: string, options: AskOptions = {}): Answer {
    return new Answer((done) => this.#whileOpen(this.#answer(audio, question, options, done)))
  }

  /**
   * Listens without a question yet; the memory can be given to `ask` in the place of the audio.
   * @throws PalError for audio that cannot be read
   */
  async listen(
    audio: AudioInput | readonly AudioInput[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<AudioMemory> {
    this.#expectOpen()
    return this.#ears.hear(audio, signal)
  }

  /** Frees the model. Answers that are under way end with an error. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#ears.release()
    await this.#languageModel.then((model) => model.release()).catch(() => undefined)
    await this.#runtime.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What is under way when the model is closed fails somewhere deep; this says why. */
  async *#whileOpen<T>(pieces: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
    try {
      yield* pieces
    } catch (error) {
      if (!(error instanceof PalError)) this.#expectOpen()
      throw error
    }
  }

  async *#answer(
    audio: AudioInput | readonly AudioInput[],
    question: string,
    options: AskOptions,
    done: (result: AskResult) => void,
  ): AsyncGenerator<string, void, void> {
    const start = performance.now()
    const { maxTokens = 256, history = [], signal } = options
    this.#expectOpen()
    if (question.trim() === '')
      throw new PalError('expected a question, got an empty one', { key: 'question' })
    if (!Number.isInteger(maxTokens) || maxTokens < 1) {
      throw new PalError(`expected a whole number, 1 or more, got ${maxTokens}`, { key: 'maxTokens' })
    }
    const sample = createSampler(options)
    const { config, tokenizer } = this.#model
    const { ids } = tokenizer.chat([...history, { role: 'user', content: question }], {
      addGenerationPrompt: true,
    })

    const memory = await this.#ears.hear(audio, signal)
    const tokens = generate(
      await this.#languageModel,
      cacheFrom(config.model, memory),
      ids,
      memory.nextPosition,
      {
        // An embedding table may have more rows than the tokenizer has tokens.
        sampler: (logits) => sample(logits.subarray(0, tokenizer.vocabularySize)),
        maxTokens,
        endIds: tokenizer.endIds,
        signal,
      },
    )
    const text = createTextStream(tokenizer)
    let answer = ''
    let answerTokens = 0
    let firstTokenMs = 0
    const finish = (ending?: Ending) =>
      done({
        answer,
        seconds: memory.seconds,
        audioTokens: memory.tokens,
        promptTokens: ids.length,
        answerTokens,
        timings: { ...memory.timings, firstTokenMs, totalMs: performance.now() - start },
        peakMemoryMiB: process.resourceUsage().maxRSS / 1024,
        model: config.name,
        warnings: [...memory.warnings, ...endingWarnings(ending, maxTokens, answerTokens)],
      })
    let isWaiting = false
    try {
      for (let token = await tokens.next(); ; token = await tokens.next()) {
        firstTokenMs ||= performance.now() - start
        if (!token.done) answerTokens++
        const piece = token.done ? text.flush() : text.push(token.value)
        answer += piece
        isWaiting = true
        if (piece !== '') yield piece
        isWaiting = false
        if (token.done) return finish(token.value)
      }
    } finally {
      if (isWaiting) finish() // Whoever read the pieces has left.
    }
  }

  #expectOpen(): void {
    if (this.#closed) throw new PalError('expected an open model, got one that was closed')
  }
}

function endingWarnings(ending: Ending | undefined, maxTokens: number, given: number): string[] {
  if (ending === 'end') return []
  if (ending === 'limit')
    return [`the answer was cut at ${maxTokens} tokens: give a larger maxTokens for all of it`]
  return [`the answer was stopped after ${given} tokens`]
}
