/// <reference lib="esnext.disposable" preserve="true" />
import { setMaxListeners } from 'node:events'
import { onOneLine } from '../check-options.js'
import { counted } from '../counted.js'
import { PalError } from '../errors.js'
import { findModel } from '../hub/find-model.js'
import { createSampler } from '../llm/sampling.js'
import { peakMemoryMiB } from '../runtime/peak-memory.js'
import { probe } from '../runtime/probe.js'
import { Runtime } from '../runtime/runtime.js'
import type { ChatMessage, ChatTokenizer } from '../text/chat.js'
import { type StoppingText, stopAt } from '../text/stop-strings.js'
import { createTextStream, type TextStream } from '../text/text-stream.js'
import { Answer, type AskResult } from './answering/answer.js'
import { type AudioInput, type AudioMemory, Ears, type HeardOnce } from './answering/ears.js'
import { type Ending, type GenerateOptions, generate, generateTogether } from './answering/generator.js'
import { JoinedSignal } from './answering/joined-signal.js'
import { LanguageModel, type Prompt } from './answering/language-model.js'
import { type AnswerScore, scoreAnswers } from './answering/score-answers.js'
import {
  type AskOptions,
  checkAnswers,
  checkAskAllOptions,
  checkAskOptions,
  checkListenOptions,
  checkQuestions,
  checkScoreOptions,
  type ListenOptions,
  type Question,
  type ScoreOptions,
} from './ask-options.js'
import type { ModelDescription } from './config/model-description.js'
import { checkLoadOptions, fetchingOf, type LoadOptions } from './load-options.js'
import { type OpenedModel, openModel } from './stored/model-folder.js'

/**
 * Loads a model that hears.
 *
 * @example
 * const pal = await loadPal()
 * for await (const piece of pal.ask('recording.wav', 'What do you hear?')) process.stdout.write(piece)
 * await pal.close()
 *
 * @throws PalError for a bad option, and if there is no such model, its folder is not whole, or what it is built on cannot
 *   be had; and the signal's reason
 */
export async function loadPal(options: LoadOptions = {}): Promise<Pal> {
  checkLoadOptions(options)
  const { model, llm, encoder = [], bits, onConverting, provider, threads, signal } = options
  signal?.throwIfAborted()
  const folder = findModel(model)
  const chosen = { encoders: [encoder].flat(), ...(llm !== undefined && { llm }) }
  const runtime = await Runtime.start({
    ...(provider !== undefined && { provider }),
    ...(threads !== undefined && { threads }),
  })
  try {
    signal?.throwIfAborted()
    if (provider !== undefined && provider !== 'cpu') await probe(runtime, provider)
    signal?.throwIfAborted()
    const opened = await openModel(folder, chosen, {
      fetching: fetchingOf(options),
      signal,
      ...(bits && { bits }),
      ...(onConverting && { onProgress: onConverting }),
    })
    signal?.throwIfAborted()
    return new Pal(runtime, opened)
  } catch (error) {
    await runtime.close()
    signal?.throwIfAborted() // What it stopped may have said so in words of its own.
    throw error
  }
}

/** A loaded model. */
export class Pal {
  readonly #runtime: Runtime
  readonly #model: OpenedModel
  readonly #languageModel: Promise<LanguageModel>
  readonly #ears: Ears
  readonly #tokenizer: ChatTokenizer
  /** Aborted when the model is closed. */
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  /** @throws PalError for a tokenizer that is malformed */
  constructor(runtime: Runtime, model: OpenedModel) {
    const { config, weights } = model
    // One for each answer that is under way: more than ten are no leak.
    setMaxListeners(0, this.#closing.signal)
    this.#runtime = runtime
    this.#model = model
    // Compiling goes on in the runtime's thread while this one makes the tokenizer and reads the audio.
    this.#languageModel = LanguageModel.compile(runtime, config.model, weights)
    this.#languageModel.catch(() => undefined) // Whoever asks is told.
    this.#ears = new Ears(runtime, model, this.#languageModel)
    this.#tokenizer = model.tokenizer()
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
    return new Answer((done) => this.#answer(audio, question, options, done))
  }

  /**
   * Answers several questions together, which takes less time than one after the other: the answers are those that
   * `ask` gives. Each answer's times are those of all.
   *
   * @throws PalError for audio that cannot be read, an empty question or a bad option
   */
  async askAll(
    questions: readonly Question[],
    options: Omit<AskOptions, 'history'> = {},
  ): Promise<readonly AskResult[]> {
    checkQuestions(questions)
    checkAskAllOptions(options)
    const start = performance.now()
    return this.#whileOpen(options.signal, async (signal) => {
      const languageModel = await this.#languageModel
      const ready = await this.#prepareAll(questions, { ...options, signal }, start)
      const asked = ready.map((prepared) => ({ prepared, text: this.#answerText(options) }))
      const endings = await generateTogether(
        languageModel,
        asked.map(({ prepared: { prompt, generating }, text }) => ({
          ...{ prompt, ...generating },
          take: (token) => {
            text.push(token)
            return !text.stopped
          },
        })),
        signal,
      )
      return asked.map(({ prepared, text }, i) => {
        text.end()
        return this.#result(prepared, text, endings[i])
      })
    })
  }

  /**
   * How likely the model finds each of the given answers, in nats (see `AnswerScore`). The audio and the question are
   * read once and the answers together; the scores are those of each answer read alone.
   *
   * @example
   * const [dog, rain] = await pal.score('recording.wav', 'What do you hear?', ['A dog.', 'Rain.'])
   *
   * @throws PalError for audio that cannot be read, an empty question or a bad option
   */
  async score(
    audio: AudioInput | readonly AudioInput[],
    question: string,
    answers: readonly string[],
    options: ScoreOptions = {},
  ): Promise<readonly AnswerScore[]> {
    checkAnswers(answers, 'answers')
    checkScoreOptions(options)
    const { history = [] } = options
    return this.#whileOpen(options.signal, async (signal) => {
      const { prompt } = await this.#prepare(audio, question, { ...options, signal }, performance.now())
      const tokens = await this.#answerTokens(
        [...history, { role: 'user', content: question }],
        answers,
        prompt,
      )
      const scores = await scoreAnswers(await this.#languageModel, prompt, tokens, { signal })
      return answers.map((answer, i) => ({
        answer,
        logProbability: scores[i]!,
        tokens: tokens[i]!.length,
      }))
    })
  }

  /**
   * Listens without a question yet; the memory can be given to `ask` in the place of the audio.
   * @throws PalError for audio that cannot be read or a bad option
   */
  async listen(audio: AudioInput | readonly AudioInput[], options: ListenOptions = {}): Promise<AudioMemory> {
    checkListenOptions(options)
    return this.#whileOpen(options.signal, (signal) => this.#ears.listen(audio, { ...options, signal }))
  }

  /** Frees the model, all that it is compiled to included. What is under way ends with an error. */
  close(): Promise<void> {
    this.#closing.abort(new PalError('expected an open model, got one that was closed'))
    this.#closed ??= this.#runtime.close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Does something unless the model is closed, or the signal aborted, before it is done. */
  async #whileOpen<T>(signal: AbortSignal | undefined, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const joined = new JoinedSignal(signal, this.#closing.signal)
    try {
      joined.signal.throwIfAborted()
      return await use(joined.signal)
    } catch (error) {
      throw this.#reasonOf(error, joined.signal)
    } finally {
      joined.release()
    }
  }

  /** What is under way when the model is closed may fail somewhere deep; this says why. */
  #reasonOf(error: unknown, { aborted, reason }: AbortSignal): unknown {
    const isClosed = aborted && reason === this.#closing.signal.reason
    return isClosed && !(error instanceof PalError) ? reason : error
  }

  async *#answer(
    audio: AudioInput | readonly AudioInput[],
    question: string,
    options: AskOptions,
    done: (result: AskResult) => void,
  ): AsyncGenerator<string, void, void> {
    checkAskOptions(options)
    const joined = new JoinedSignal(options.signal, this.#closing.signal)
    try {
      joined.signal.throwIfAborted()
      yield* this.#pieces(audio, question, { ...options, signal: joined.signal }, done)
    } catch (error) {
      throw this.#reasonOf(error, joined.signal)
    } finally {
      joined.release()
    }
  }

  async *#pieces(
    audio: AudioInput | readonly AudioInput[],
    question: string,
    options: AskOptions,
    done: (result: AskResult) => void,
  ): AsyncGenerator<string, void, void> {
    const prepared = await this.#prepare(audio, question, options, performance.now())
    const { prompt, generating } = prepared
    const text = this.#answerText(options)
    const tokens = generate(await this.#languageModel, prompt, {
      ...generating,
      signal: options.signal,
    })
    let isWaiting = false
    try {
      for (let token = await tokens.next(); ; token = await tokens.next()) {
        const piece = token.done ? text.end() : text.push(token.value)
        isWaiting = true
        if (piece !== '') yield piece
        isWaiting = false
        if (token.done || text.stopped) {
          return done(this.#result(prepared, text, token.done ? token.value : 'stop'))
        }
      }
    } finally {
      if (isWaiting) done(this.#result(prepared, text)) // Whoever read the pieces has left.
      await tokens.return('stop')
    }
  }

  /** Where one fails, those that are ready will never be answered, and are released here. */
  async #prepareAll(
    questions: readonly Question[],
    options: Omit<AskOptions, 'history'>,
    start: number,
  ): Promise<readonly Prepared[]> {
    const ready: Prepared[] = []
    try {
      for (const [i, { audio, question, history = [] }] of questions.entries()) {
        expectQuestion(question, `questions.${i}.question`)
        ready.push(await this.#prepare(audio, question, { ...options, history }, start))
      }
      return ready
    } catch (error) {
      for (const { prompt } of ready) await prompt.cache.release()
      throw error
    }
  }

  /** Checks what is asked, hears the audio and lays out what is generated from. */
  async #prepare(
    audio: AudioInput | readonly AudioInput[],
    question: string,
    options: AskOptions,
    start: number,
  ): Promise<Prepared> {
    const { maxTokens = 256, history = [] } = options
    expectQuestion(question, 'question')
    const sample = createSampler(options)
    stopAt(options.stop ?? [])
    const tokenizer = this.#tokenizer
    const { ids } = tokenizer.chat([...history, { role: 'user', content: question }], {
      addGenerationPrompt: true,
    })
    const heard = await this.#ears.hear(audio, ids.length, options)
    return {
      start,
      heard,
      prompt: { cache: heard.cache, audio: heard.audio, ids, position: heard.position },
      generating: {
        // An embedding table may have more rows than the tokenizer has tokens.
        sampler: (logits, seen) => sample(logits.subarray(0, tokenizer.vocabularySize), seen),
        maxTokens,
        endIds: tokenizer.endIds,
      },
    }
  }

  /**
   * What training would learn of each answer: its tokens and the one that ends it. Where that cannot be told, nobody reads the
   * prompt, which is released here.
   */
  async #answerTokens(
    before: readonly ChatMessage[],
    answers: readonly string[],
    prompt: Prompt,
  ): Promise<readonly (readonly number[])[]> {
    try {
      return answers.map((answer) => {
        const { ids, learn } = this.#tokenizer.chat([...before, { role: 'assistant', content: answer }], {
          addGenerationPrompt: false,
        })
        return ids.filter((_, i) => i >= prompt.ids.length && learn[i])
      })
    } catch (error) {
      await prompt.cache.release()
      throw error
    }
  }

  #answerText({ stop = [] }: AskOptions): AnswerText {
    return new AnswerText(createTextStream(this.#tokenizer), stopAt(stop))
  }

  #result({ start, heard, prompt, generating }: Prepared, text: AnswerText, ending?: Ending): AskResult {
    const firstTokenMs = text.firstAt === undefined ? 0 : text.firstAt - start
    return {
      answer: text.whole,
      seconds: heard.seconds,
      audioTokens: heard.tokens,
      promptTokens: prompt.ids.length,
      answerTokens: text.tokens,
      timings: { ...heard.timings, firstTokenMs, totalMs: performance.now() - start },
      peakMemoryMiB: peakMemoryMiB(),
      model: this.#model.config.name,
      warnings: [...heard.warnings, ...endingWarnings(ending, generating.maxTokens, text.tokens)],
    }
  }
}

function expectQuestion(question: unknown, key: string): void {
  if (typeof question === 'string' && question.trim() !== '') return
  const got = typeof question === 'string' ? 'an empty one' : onOneLine(question)
  throw new PalError(`expected a question, got ${got}`, { key })
}

/** A question that is ready to be answered. */
interface Prepared {
  /** When it was asked. */
  readonly start: number
  readonly heard: HeardOnce
  readonly prompt: Prompt
  readonly generating: Omit<GenerateOptions, 'signal'>
}

/** An answer's text as its tokens come. */
class AnswerText {
  readonly #stream: TextStream
  readonly #stopping: StoppingText
  whole = ''
  tokens = 0
  firstAt: number | undefined

  constructor(stream: TextStream, stopping: StoppingText) {
    this.#stream = stream
    this.#stopping = stopping
  }

  get stopped(): boolean {
    return this.#stopping.stopped
  }

  /** @returns the text that the token completes */
  push(token: number): string {
    this.firstAt ??= performance.now()
    this.tokens++
    return this.#add(this.#stopping.push(this.#stream.push(token)))
  }

  /** @returns what was still waiting */
  end(): string {
    this.firstAt ??= performance.now()
    if (this.stopped) return ''
    const piece = this.#stopping.push(this.#stream.flush())
    return this.#add(this.stopped ? piece : piece + this.#stopping.flush())
  }

  #add(piece: string): string {
    this.whole += piece
    return piece
  }
}

function endingWarnings(ending: Ending | undefined, maxTokens: number, given: number): string[] {
  if (ending === 'end' || ending === 'stop') return []
  if (ending === 'limit')
    return [`the answer was cut at ${maxTokens} tokens: give a larger maxTokens for all of it`]
  return [`the answer was stopped after ${counted(given, 'token')}`]
}
