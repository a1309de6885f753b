import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Audio } from '../audio/audio.js'
import { encodeWav } from '../audio/write-wav.js'
import { PalError } from '../errors.js'
import { findModel } from '../hub/find-model.js'
import { FakeHub, repository, useHub } from '../hub/hub.test.helper.js'
import { KeyValueCache } from '../llm/kv-cache.js'
import { Random } from '../random.js'
import type { AskResult } from './answering/answer.js'
import type { AudioInput, AudioMemory } from './answering/ears.js'
import type { AskOptions } from './ask-options.js'
import { loadPal, type Pal } from './pal.js'
import { integrations, tinyConfig, writeTinyModel } from './tiny-model.js'

const QUESTION = 'What do you hear?'

let folder: string
let pal: Pal
before(async () => {
  folder = await writeTinyModel()
  pal = await loadPal({ model: folder, threads: 1 })
})
after(() => pal.close())

test('an answer comes in pieces, and its result says everything', async () => {
  const answer = pal.ask(noise(0.5), QUESTION, { maxTokens: 12 })
  const pieces: string[] = []
  for await (const piece of answer) pieces.push(piece)
  const result = await answer.result
  assert.equal(result.answer, pieces.join(''))
  assert.equal(result.seconds, 0.5)
  // 4000 samples are 12.5 steps of 320, each of 2 tokens.
  assert.deepEqual(result.audioTokens, { plits: 3, lal: 26, cross: 0 })
  assert.ok(result.answerTokens > 0 && result.answerTokens <= 12)
  assert.ok(result.promptTokens > 2)
  assert.ok(result.timings.firstTokenMs <= result.timings.totalMs)
  assert.ok(result.timings.encodeMs > 0 && result.peakMemoryMiB > 10)
  assert.equal(result.model, 'tiny')
  await assert.doesNotReject(pal.ask(noise(0.5), QUESTION, { maxTokens: 2 }).result, 'without reading it')
})

test('the same audio gives the same answer, as a file, as samples, as a memory, at another rate', async () => {
  const audio = { ...noise(0.5) }
  const bytes = encodeWav(audio.samples, 8000)
  const wanted = await answerTo(bytes)
  assert.equal(await answerTo(await pal.listen(bytes)), wanted)
  const memory = await pal.listen(bytes)
  assert.equal(await answerTo(memory), wanted)
  assert.equal(await answerTo(memory), wanted, 'a memory is not used up')
  const halfRate = { ...audio, samples: audio.samples.filter((_, i) => i % 2 === 0), sampleRate: 4000 }
  assert.equal((await pal.listen(halfRate)).tokens.lal, memory.tokens.lal)
})

test('a file: URL is its path', async () => {
  const path = join(folder, 'sound.wav')
  await writeFile(path, encodeWav(noise(0.5).samples, 8000))
  assert.equal(await answerTo(pathToFileURL(path)), await answerTo(path))
})

test('audio is refused that is longer than it may be, however it is asked about', async () => {
  const bytes = encodeWav(noise(0.5).samples, 8000)
  const options = { maxSeconds: 0.25 }
  for (const hearing of [
    () => pal.listen(bytes, options),
    () => pal.ask(bytes, QUESTION, options).result,
    () => pal.askAll([{ audio: bytes, question: QUESTION }], options),
    () => pal.score(bytes, QUESTION, ['A dog.'], options),
  ]) {
    await assert.rejects(hearing, /^PalError: audio bytes: expected at most 0\.25 s of audio, got 0\.50 s\n/)
  }
  await pal.listen(bytes, { maxSeconds: 0.5 })
})

test('several audios are heard one after the other; memories can be joined', async () => {
  const [first, second] = [noise(0.5), noise(0.3)]
  const joined = await pal.listen([first, second])
  assert.equal(joined.seconds, 0.8)
  assert.equal(joined.tokens.lal, 26 + 16)
  const ofMemories = await pal.listen([await pal.listen(first), second])
  const scores = (memory: AudioMemory) => pal.score(memory, QUESTION, ['A dog.', 'Rain.'])
  const wanted = await scores(joined)
  assert.deepEqual(await scores(ofMemories), wanted)
  assert.notDeepEqual(await scores(await pal.listen([second, first])), wanted)
})

test('a memory shows nothing that could be taken from it', async () => {
  const memory = await pal.listen(noise(0.5))
  assert.deepEqual(Object.keys(memory).sort(), ['encoded', 'seconds', 'timings', 'tokens', 'warnings'])
})

test('a conversation goes on', async () => {
  const history = [
    { role: 'user', content: QUESTION },
    { role: 'assistant', content: 'A dog.' },
  ] as const
  const [alone, later] = await Promise.all(
    [[], history].map((said) => pal.ask(noise(0.4), QUESTION, { maxTokens: 1, history: said }).result),
  )
  assert.ok(later!.promptTokens > alone!.promptTokens + 4)
})

test('questions at the same time do not disturb each other', async () => {
  const lengths = [0.2, 0.3, 0.5, 0.6, 0.9, 1.1]
  const alone: string[] = []
  for (const seconds of lengths) alone.push(await answerTo(noise(seconds)))
  assert.deepEqual(await Promise.all(lengths.map((seconds) => answerTo(noise(seconds)))), alone)
})

test('drawn answers depend on the seed', async () => {
  const draw = async (seed: number) =>
    (await pal.ask(noise(0.4), QUESTION, { maxTokens: 12, temperature: 3, seed }).result).answer
  const answers = await Promise.all([draw(1), draw(1), draw(2)])
  assert.equal(answers[0], answers[1])
  assert.notEqual(answers[0], answers[2])
})

test('several questions about several audios together: what each would be alone', async () => {
  const questions = [0.2, 0.9, 0.5, 0.5].map((seconds, i) => ({
    audio: noise(seconds),
    question: `${QUESTION} ${'Is there a dog? '.repeat(i)}`,
  }))
  const options = { maxTokens: 24, temperature: 1.5, topK: 50, seed: 3 }
  const alone: AskResult[] = []
  for (const { audio, question } of questions) alone.push(await pal.ask(audio, question, options).result)
  const together = await pal.askAll(questions, options)
  const known = ({ answer, seconds, audioTokens, answerTokens, promptTokens, warnings }: AskResult) => ({
    answer,
    seconds,
    audioTokens,
    answerTokens,
    promptTokens,
    warnings,
  })
  assert.deepEqual(together.map(known), alone.map(known))
  assert.deepEqual(await pal.askAll([]), [])
})

test('of several questions of which one fails, those before it hold nothing', async (context) => {
  const release = context.mock.method(KeyValueCache.prototype, 'release')
  const question = (audio: AudioInput) => ({ audio, question: QUESTION })
  const failing = (last: AudioInput, signal?: AbortSignal) =>
    pal.askAll([noise(0.2), noise(0.5), last].map(question), { ...(signal && { signal }) })
  await assert.rejects(failing('no-such.wav'), /no-such\.wav: expected an audio file/)
  assert.equal(release.mock.callCount(), 2)
  const controller = new AbortController()
  const { samples, sampleRate } = noise(0.5)
  const aborting = {
    sampleRate,
    get samples() {
      controller.abort()
      return samples
    },
  }
  await assert.rejects(failing(aborting, controller.signal), { name: 'AbortError' })
  assert.equal(release.mock.callCount(), 4)
})

test('where an answer that is to be scored has no end, what was heard for it holds nothing', async (context) => {
  const endless = await writeTinyModel()
  const file = join(endless, 'tokenizer_config.json')
  const chat_template = '{% for message in messages %}{{ message.content }}{% endfor %}'
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), chat_template }))
  await using scoring = await loadPal({ model: endless, threads: 1 })
  const release = context.mock.method(KeyValueCache.prototype, 'release')
  await assert.rejects(
    scoring.score(noise(0.5), QUESTION, ['A dog.']),
    /chat_template: expected the answer in message 1 to end with a token that ends answers/,
  )
  assert.equal(release.mock.callCount(), 1)
})

describe('stop strings', () => {
  test('the answer ends before one, and the rest is never said', async () => {
    const { answer } = await pal.ask(noise(0.5), QUESTION, { maxTokens: 24 }).result
    const stop = answer.slice(4, 6)
    const pieces: string[] = []
    const stopping = pal.ask(noise(0.5), QUESTION, { maxTokens: 24, stop: [stop, 'never said'] })
    for await (const piece of stopping) pieces.push(piece)
    const result = await stopping.result
    assert.equal(result.answer, answer.slice(0, answer.indexOf(stop)))
    assert.equal(pieces.join(''), result.answer)
    assert.deepEqual(result.warnings, [])
    const [together] = await pal.askAll([{ audio: noise(0.5), question: QUESTION }], {
      maxTokens: 24,
      stop: [stop],
    })
    assert.equal(together!.answer, result.answer)
  })

  test('an empty one is refused', async () => {
    await assert.rejects(pal.ask(noise(0.5), QUESTION, { stop: [''] }).result, /stop: expected stop strings/)
  })
})

test('a repetition penalty changes greedy answers', async () => {
  const answer = async (repetitionPenalty: number) =>
    (await pal.ask(noise(0.5), QUESTION, { maxTokens: 24, repetitionPenalty }).result).answer
  assert.equal(await answer(1), await answer(1))
  assert.notEqual(await answer(1), await answer(3))
})

describe('warnings', () => {
  test('audio longer than the model was trained on', async () => {
    const { warnings } = await pal.listen(noise(2))
    assert.match(warnings.join(), /2\.0 s long, the model was trained on up to 1\.28 s: all of it was heard/)
  })

  test('silent and truncated files', async () => {
    assert.match((await pal.listen(encodeWav(new Float32Array(4000), 8000))).warnings.join(), /silent/)
    const cut = encodeWav(noise(0.5).samples, 8000).subarray(0, 3000)
    assert.match((await pal.ask(cut, QUESTION, { maxTokens: 1 }).result).warnings.join(), /cut short/)
  })

  test('samples are looked at like files', async () => {
    const silent = { samples: new Float32Array(4000), sampleRate: 8000 }
    assert.deepEqual((await pal.listen(silent)).warnings, [
      'audio: the audio is silent: no sample in 0.50 s is above -90 dB',
    ])
    const loud = { ...noise(0.5), samples: noise(0.5).samples.map((sample) => 100 * sample) }
    assert.match(
      (await pal.listen(loud)).warnings.join(),
      /^noise: the samples reach [45]\d\.\d, where \[-1, 1\]/,
    )
    const wrong = { ...noise(0.5), seconds: 60 }
    assert.equal((await pal.listen(wrong)).seconds, 0.5, 'what the samples say counts')
  })

  test('an answer that hits the limit', async () => {
    const { warnings, answerTokens } = await pal.ask(noise(0.5), QUESTION, { maxTokens: 3 }).result
    assert.equal(answerTokens, 3)
    assert.deepEqual(warnings, ['the answer was cut at 3 tokens: give a larger maxTokens for all of it'])
  })
})

describe('stopping', () => {
  test('leaving the loop stops the model, and the result is what was said', async () => {
    const answer = pal.ask(noise(0.5), QUESTION)
    let said = ''
    for await (const piece of answer) {
      said = piece
      break
    }
    const result = await answer.result
    assert.equal(result.answer, said)
    assert.match(result.warnings.join(), /stopped after \d+ tokens?/)
  })

  test('a signal', async () => {
    const controller = new AbortController()
    const answer = pal.ask(noise(0.5), QUESTION, { signal: controller.signal })
    await assert.rejects(
      async () => {
        for await (const _ of answer) controller.abort()
      },
      { name: 'AbortError' },
    )
    await assert.rejects(answer.result, { name: 'AbortError' })
    const late = pal.ask(noise(0.5), QUESTION, { signal: AbortSignal.abort() })
    await assert.rejects(late.result, { name: 'AbortError' })
  })

  test('a signal for loading', async () => {
    await assert.rejects(loadPal({ model: folder, signal: AbortSignal.abort() }), { name: 'AbortError' })
    const controller = new AbortController()
    const loading = loadPal({ model: folder, threads: 1, signal: controller.signal })
    controller.abort('enough')
    await assert.rejects(loading, (error) => error === 'enough')
  })

  test('a signal for loading says nothing of what is loaded', async () => {
    const controller = new AbortController()
    const loaded = await loadPal({ model: folder, threads: 1, signal: controller.signal })
    controller.abort()
    await loaded.ask(noise(0.5), QUESTION, { maxTokens: 1 }).result
    await loaded.close()
  })

  test('a signal for loading stops a download', async (context) => {
    const hub = await FakeHub.start(context)
    await useHub(context, hub)
    const onHub = await writeTinyModel()
    const file = join(onHub, 'config.json')
    const bases = { llm: { name: repository, sha256: 'a'.repeat(64) } }
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), bases }))
    const controller = new AbortController()
    const onProgress = () => controller.abort('enough')
    const loading = loadPal({ model: onHub, threads: 1, fetch: { onProgress }, signal: controller.signal })
    await assert.rejects(loading, (error) => error === 'enough')
    assert.deepEqual(hub.fetched.slice(1), [], 'what follows is not asked for')
  })

  test('an answer that was never begun', async () => {
    const answer = pal.ask(noise(0.5), QUESTION)
    await answer.return()
    await assert.rejects(answer.result, /left before its first word/)
  })

  test('closing during an answer, and asking afterwards', async () => {
    const closing = await loadPal({ model: folder, threads: 1 })
    const answer = closing.ask(noise(0.5), QUESTION)
    const reading = (async () => {
      for await (const _ of answer) void closing.close()
    })()
    await assert.rejects(reading, isClosed)
    await assert.rejects(closing.ask(noise(0.5), QUESTION).result, isClosed)
    await assert.rejects(closing.listen(noise(0.5)), isClosed)
    await closing.close()
  })

  test('closing ends whatever is under way, and says so', async () => {
    const calls: readonly ((closing: Pal) => Promise<unknown>)[] = [
      (closing) => closing.ask(noise(0.5), QUESTION, { maxTokens: 100_000 }).result,
      (closing) => closing.askAll([{ audio: noise(0.5), question: QUESTION }], { maxTokens: 100_000 }),
      (closing) =>
        closing.score(
          noise(0.5),
          QUESTION,
          Array.from({ length: 400 }, (_, i) => `Dog ${i}.`),
        ),
      (closing) => closing.listen(Array.from({ length: 400 }, () => noise(0.5))),
      (closing) => Promise.all(Array.from({ length: 400 }, () => closing.listen(noise(1.2)))),
    ]
    for (const [i, call] of calls.entries()) {
      for (const milliseconds of [0, 20]) {
        const closing = await loadPal({ model: folder, threads: 1 })
        const memory = await closing.listen(noise(0.5))
        await closing.ask(memory, QUESTION, { maxTokens: 1 }).result
        const calling = call(closing).catch((error: unknown) => error)
        await delay(milliseconds)
        await closing.close()
        assert.ok(isClosed(await calling), `call ${i}`)
      }
    }
  })

  test('closing does not wait for what is yet to be heard', async () => {
    const closing = await loadPal({ model: folder, threads: 1 })
    await closing.listen(noise(1.2)) // It is compiled.
    const long = noise(600)
    const start = work()
    await closing.listen(long)
    const whole = work() - start
    const listening = closing.listen(long)
    listening.catch(() => undefined)
    await delay(50)
    const before = work()
    await closing.close()
    const more = work() - before
    assert.ok(more < whole / 3, `${more} s of work of ${whole}`)
    await assert.rejects(listening, isClosed)
  })

  test('reading stops with the signal', async () => {
    const script = `
      const { loadPal } = await import(${JSON.stringify(new URL('./pal.js', import.meta.url).href)})
      const pal = await loadPal({ model: ${JSON.stringify(folder)}, threads: 1 })
      await pal.listen('-', { signal: AbortSignal.timeout(50) }).catch(({ name }) => console.log(name))
      await pal.close()`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
    const [said] = await once(child.stdout, 'data')
    assert.equal(String(said), 'TimeoutError\n')
    const [code] = await once(child, 'exit') // Although its standard input is still open.
    assert.equal(code, 0)
  })
})

describe('mistakes', () => {
  const cases: readonly [name: string, ask: () => Promise<unknown>, message: RegExp][] = [
    ['an empty question', () => pal.ask(noise(0.5), ' ').result, /question: expected a question/],
    ['no audio', () => pal.ask([], QUESTION).result, /audio: expected audio, got an empty list/],
    ['no file', () => pal.ask('no-such.wav', QUESTION).result, /no-such\.wav: expected an audio file/],
    ['a bad option', () => pal.ask(noise(0.5), QUESTION, { topP: 2 }).result, /topP: expected a number/],
    [
      'no tokens',
      () => pal.ask(noise(0.5), QUESTION, { maxTokens: 0 }).result,
      /maxTokens: expected a whole/,
    ],
    [
      'a question that is none',
      () => pal.ask(noise(0.5), undefined as never).result,
      /question: .*got undefined/,
    ],
    ['nothing', () => pal.ask(null as never, QUESTION).result, /audio: expected a path.*got null/],
    [
      'samples without a rate',
      () => pal.ask(new Float32Array(3) as never, QUESTION).result,
      /audio: expected .*, got Float32Array\nSamples, .* sampleRate: 16000/,
    ],
    [
      'samples of whole numbers',
      () => pal.listen({ samples: new Int16Array(3), sampleRate: 8000 } as never),
      /^audio\.samples: expected samples in a Float32Array, got Int16Array\n/,
    ],
    [
      'a rate that is a text',
      () => pal.listen({ samples: new Float32Array(3), sampleRate: '8000' } as never),
      /^audio\.sampleRate: expected a rate in Hz, got "8000"$/,
    ],
    ['a number in a list', () => pal.listen([noise(0.5), 7 as never]), /audio: expected a path.*got number/],
    [
      'a sample that is no number',
      () => pal.listen({ samples: Float32Array.of(0.1, Number.NaN), sampleRate: 8000 }),
      /^audio: expected samples that are numbers, got NaN at 0\.000 s \(sample 1\)$/,
    ],
    [
      'samples beyond all measure',
      () => pal.listen({ ...noise(0.5), samples: noise(0.5).samples.map((sample) => 1e30 * sample) }),
      /audio: expected audio that the encoder "general" can hear/,
    ],
    [
      'no samples',
      () => pal.listen({ samples: new Float32Array(), sampleRate: 8000 }),
      /audio: expected audio/,
    ],
    [
      'a rate that cannot be',
      () => pal.listen({ ...noise(0.5), sampleRate: Number.NaN }),
      /expected the sample rate of the audio .*got NaN/,
    ],
    [
      'an option that there is not',
      () => loadPal({ modle: folder } as never),
      /^modle: expected an option that there is \(model, llm, encoder, fetch, bits, onConverting, provider, threads, signal\), got "modle"\nDid you mean "model"\?$/,
    ],
    [
      'a signal that is none',
      () => loadPal({ signal: 3 as never }),
      /^signal: expected the signal of .*, got 3$/,
    ],
    [
      'an option of fetching that there is not',
      () => loadPal({ fetch: { onNotcie: () => undefined } } as never),
      /^fetch\.onNotcie: expected an option that there is .*\n.*"onNotice"/,
    ],
    ['a model that is none', () => loadPal({ model: 7 as never }), /^model: expected the name of a model/],
    ['a name that is none', async () => findModel(3 as never), /^model: expected the name .*, got 3$/],
    ['no options', () => loadPal('pal-tiny' as never), /expected options, such as .* got "pal-tiny"/],
    ['no model', () => loadPal({ model: 'no-such' }), /model: expected a folder .* got "no-such"/],
    ['no provider', () => loadPal({ model: folder, provider: 'abacus' }), /provider: .* got "abacus"/],
  ]
  const dog = [{ role: 'user', content: 'A dog?' }]
  const options: readonly OptionCase[] = [
    asked(
      { max_tokens: 1, temprature: 3 },
      'max_tokens: expected an option that there is (maxTokens, stop, temperature, topK, topP, minP, repetitionPenalty, seed, history, maxSeconds, signal), got "max_tokens"\nDid you mean "maxTokens"?',
    ),
    asked(null, 'expected options, such as { maxTokens: 64 }, got null'),
    asked({ temperature: '1' }, 'temperature: expected a number, 0 or more, got "1"'),
    asked({ topP: '0.5' }, 'topP: expected a number above 0, up to 1, got "0.5"'),
    asked({ stop: [3] }, 'stop.0: expected a text, got 3'),
    asked({ stop: 'dog' }, 'stop: expected a list of texts, got "dog"'),
    asked({ signal: 3 }, 'signal: expected the signal of an AbortController, got 3'),
    asked(
      { history: [{ role: 'foo', content: '' }] },
      'history.0.role: expected "system", "user" or "assistant", got "foo"',
    ),
    asked({ history: [...dog, { role: 'user' }] }, 'history.1.content: expected a text, got undefined'),
    asked(
      { history: dog[0] },
      "history: expected a list of messages, got { role: 'user', content: 'A dog?' }",
    ),
    [
      'an answer that is no list',
      () => pal.score(noise(0.5), QUESTION, 'A dog.' as never),
      'answers: expected a list of answers, got "A dog."',
    ],
    [
      'an answer that is no text',
      () => pal.score(noise(0.5), QUESTION, ['A dog.', 3 as never]),
      'answers.1: expected a text, got 3',
    ],
    [
      'an option that there is not of a score',
      () => pal.score(noise(0.5), QUESTION, ['A dog.'], { maxTokens: 1 } as never),
      'maxTokens: expected an option that there is (history, maxSeconds, signal), got "maxTokens"',
    ],
    [
      'an option that there is not of listening',
      () => pal.listen(noise(0.5), { signals: 1 } as never),
      'signals: expected an option that there is (maxSeconds, signal), got "signals"\nDid you mean "signal"?',
    ],
    [
      'questions that are no list',
      () => pal.askAll(QUESTION as never),
      `questions: expected a list of questions, got "${QUESTION}"`,
    ],
    [
      'a history of all questions',
      () => pal.askAll([], { history: dog } as never),
      'history: expected an option that there is (maxTokens, stop, temperature, topK, topP, minP, repetitionPenalty, seed, maxSeconds, signal), got "history"',
    ],
    [
      'a slip in one of several questions',
      () => pal.askAll([{ audio: noise(0.5), question: QUESTION, histroy: dog } as never]),
      'questions.0.histroy: expected an option that there is (audio, question, history), got "histroy"\nDid you mean "history"?',
    ],
    [
      'one of several questions that is empty',
      () => pal.askAll([' ', QUESTION].reverse().map((question) => ({ audio: noise(0.2), question }))),
      'questions.1.question: expected a question, got an empty one',
    ],
    [
      'a wrong signal for several questions',
      () => pal.askAll([{ audio: noise(0.5), question: QUESTION }], { signal: 3 as never }),
      'signal: expected the signal of an AbortController, got 3',
    ],
  ]
  for (const [name, ask, message] of options) {
    test(name, () => assert.rejects(ask, { name: 'PalError', message }))
  }

  test('threads that there cannot be', async () => {
    for (const threads of [-1, 1.5, 0, Number.NaN]) {
      const message = `threads: expected a whole number, 1 or more, got ${threads}`
      await assert.rejects(loadPal({ model: folder, threads }), { name: 'PalError', message })
    }
    await assert.rejects(loadPal({ model: folder, threads: '2' as never }), /threads: .*, got "2"$/)
  })
  for (const [name, ask, message] of cases) {
    test(name, () => assert.rejects(ask, (error) => error instanceof PalError && message.test(error.message)))
  }

  test('a memory of another model', async () => {
    const config = tinyConfig(integrations.lal)
    const other = await loadPal({ model: await writeTinyModel({ config }), threads: 1 })
    const memory = await other.listen(noise(0.5))
    await other.close()
    await assert.rejects(pal.ask(memory, QUESTION).result, /a memory that this model made/)
  })

  test('what looks like a memory of this model', async () => {
    const copy = { ...(await pal.listen(noise(0.5))) }
    await assert.rejects(pal.ask(copy, QUESTION).result, /a memory that this model made/)
    await assert.rejects(pal.listen([copy, noise(0.5)]), /a memory that this model made/)
  })
})

test('a closed model lets the process exit', () => {
  const script = `
    const { loadPal } = await import(${JSON.stringify(new URL('./pal.js', import.meta.url).href)})
    const pal = await loadPal({ model: ${JSON.stringify(folder)}, threads: 1 })
    await pal.listen({ samples: new Float32Array(800).fill(0.1), sampleRate: 8000, seconds: 0.1, warnings: [] })
    await pal.close()
    console.log('closed')`
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.deepEqual([run.status, run.stdout, run.stderr], [0, 'closed\n', ''])
})

/** A case of wrong options of `ask`. */
function asked(options: object | null, message: string): OptionCase {
  const ask = () => pal.ask(noise(0.5), QUESTION, options as AskOptions).result
  return [`ask: ${JSON.stringify(options)}`, ask, message]
}

type OptionCase = readonly [name: string, ask: () => Promise<unknown>, message: string]

/** Seconds that this process has computed, whatever else the machine does. */
function work(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function isClosed(error: unknown): boolean {
  return error instanceof PalError && error.message === 'expected an open model, got one that was closed'
}

function answerTo(audio: Parameters<Pal['ask']>[0]): Promise<string> {
  return pal.ask(audio, QUESTION, { maxTokens: 8 }).result.then(({ answer }) => answer)
}

function noise(seconds: number): Audio {
  const random = new Random('noise', seconds)
  const samples = Float32Array.from({ length: Math.round(seconds * 8000) }, () => random.uniform(-0.5, 0.5))
  const source = { name: 'noise', format: 'wav', sampleRate: 8000, channels: 1, seconds } as const
  return { samples, sampleRate: 8000, seconds, source, warnings: [] }
}
