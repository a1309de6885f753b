import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { Audio } from '../../audio/audio.js'
import { logProbability } from '../../llm/log-probability.js'
import { Random } from '../../random.js'
import { Runtime } from '../../runtime/runtime.js'
import { loadPal } from '../pal.js'
import { type OpenedModel, openModel } from '../stored/model-folder.js'
import { integrations, tinyConfig, writeTinyModel } from '../tiny-model.js'
import { Ears } from './ears.js'
import { LanguageModel, type Prompt } from './language-model.js'
import { scoreAnswers } from './score-answers.js'

const QUESTION = 'What do you hear?'
const ANSWERS = ['A dog.', 'A dog barks.', 'Rain.', '', 'A bell rings twice, and then a dog barks.', 'A dog.']

for (const [name, integration] of Object.entries(integrations)) {
  test(`${name}: a score is the sum over the tokens read one by one, alone or together`, async () => {
    const folder = await writeTinyModel({ config: tinyConfig(integration) })
    await using pal = await loadPal({ model: folder, threads: 1 })
    const memory = await pal.listen(noise(0.5))
    const scores = await pal.score(memory, QUESTION, ANSWERS)
    assert.deepEqual(
      scores.map(({ answer }) => answer),
      ANSWERS,
    )
    await using reader = await Reader.open(folder)
    for (const { answer, logProbability, tokens } of scores) {
      const [alone] = await pal.score(memory, QUESTION, [answer])
      assert.equal(tokens, alone!.tokens)
      near(logProbability, alone!.logProbability)
      const stepwise = await reader.read(answer, noise(0.5))
      assert.equal(tokens, stepwise.tokens)
      near(logProbability, stepwise.logProbability)
    }
  })
}

describe('scores', () => {
  let folder: string
  before(async () => {
    folder = await writeTinyModel()
  })

  test('the answers that may follow have a probability of one together', async () => {
    await using reader = await Reader.open(folder)
    const { model, languageModel } = reader
    const everyToken = Array.from({ length: model.config.model.llm.vocabularySize }, (_, id) => [id])
    const scores = await scoreAnswers(languageModel, await reader.prompt(noise(0.3)), everyToken)
    near(
      scores.reduce((sum, score) => sum + Math.exp(score), 0),
      1,
    )
  })

  test('however few are read at once', async () => {
    await using reader = await Reader.open(folder)
    const random = new Random('answers')
    const answers = Array.from({ length: 40 }, () =>
      Array.from({ length: 1 + random.integer(5) }, () => random.integer(3)),
    )
    const score = async (budget?: number) =>
      scoreAnswers(
        reader.languageModel,
        await reader.prompt(noise(0.3)),
        answers,
        budget === undefined ? {} : { budget },
      )
    const together = await score()
    for (const budget of [0, 100_000])
      for (const [i, one] of (await score(budget)).entries()) near(one, together[i]!)
  })

  test('the likeliest token is the one that greedy answers begin with', async () => {
    await using pal = await loadPal({ model: folder, threads: 1 })
    const { answer } = await pal.ask(noise(0.5), QUESTION, { maxTokens: 1 }).result
    const [said, other] = await pal.score(noise(0.5), QUESTION, [answer, 'zzz'])
    assert.ok(said!.logProbability > other!.logProbability)
  })

  test('mistakes, nothing to score, and stopping', async () => {
    await using pal = await loadPal({ model: folder, threads: 1 })
    assert.deepEqual(await pal.score(noise(0.3), QUESTION, []), [])
    await assert.rejects(pal.score(noise(0.3), ' ', ['A dog.']), /question: expected a question/)
    await assert.rejects(pal.score('no-such.wav', QUESTION, ['A dog.']), /no-such\.wav/)
    await assert.rejects(pal.score(noise(0.3), QUESTION, ANSWERS, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    })
  })

  test('what was said before counts', async () => {
    await using pal = await loadPal({ model: folder, threads: 1 })
    const history = [
      { role: 'user', content: QUESTION },
      { role: 'assistant', content: 'A dog.' },
    ] as const
    const memory = await pal.listen(noise(0.3))
    const [alone] = await pal.score(memory, QUESTION, ['A dog.'])
    const [later] = await pal.score(memory, QUESTION, ['A dog.'], { history })
    assert.equal(alone!.tokens, later!.tokens)
    assert.notEqual(alone!.logProbability, later!.logProbability)
  })
})

/** Reads an answer token by token with the bare language model. */
class Reader {
  private constructor(
    readonly model: OpenedModel,
    readonly runtime: Runtime,
    readonly languageModel: LanguageModel,
    readonly ears: Ears,
  ) {}

  static async open(folder: string): Promise<Reader> {
    const model = await openModel(folder)
    const runtime = await Runtime.start({ threads: 1 })
    const languageModel = await LanguageModel.compile(runtime, model.config.model, model.weights)
    const ears = new Ears(runtime, model, Promise.resolve(languageModel))
    return new Reader(model, runtime, languageModel, ears)
  }

  async prompt(audio: Audio): Promise<Prompt> {
    const { ids } = this.model.tokenizer().chat([{ role: 'user', content: QUESTION }], {
      addGenerationPrompt: true,
    })
    return { ids, ...(await this.ears.hear(audio, ids.length)) }
  }

  async read(answer: string, audio: Audio) {
    const { languageModel } = this
    const tokenizer = this.model.tokenizer()
    const end = tokenizer.endIds[0]!
    const tokens = [...tokenizer.encode(answer), end]
    const prompt = await this.prompt(audio)
    let { logits, next } = await languageModel.readPrompt(prompt)
    let sum = 0
    for (const token of tokens) {
      sum += logProbability(logits)(token)
      logits = await languageModel.read(prompt.cache, { ids: [token] }, next++)
    }
    return { logProbability: sum, tokens: tokens.length }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.languageModel.release()
    await this.runtime.close()
  }
}

function near(a: number, b: number): void {
  assert.ok(Math.abs(a - b) < 1e-4, `${a} ≠ ${b}`)
}

function noise(seconds: number): Audio {
  const random = new Random('noise', seconds)
  const samples = Float32Array.from({ length: seconds * 8000 }, () => random.normal() * 0.1)
  const source = { name: 'noise', format: 'wav', sampleRate: 8000, channels: 1, seconds } as const
  return { samples, sampleRate: 8000, seconds, warnings: [], source }
}
