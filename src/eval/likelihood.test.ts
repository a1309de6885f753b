import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { PalError } from '../errors.js'
import { loadPal } from '../model/pal.js'
import { writeTinyModel } from '../model/tiny-model.js'
import { closedAnswers, labelAnswers } from './closed-answers.js'
import type { EvalItem, EvalSet } from './items.js'
import { report } from './report.js'
import { evaluate, rescore, type Unreadable } from './run.js'
import type { Sample } from './sample.js'

const vocabulary = { sound: ['dog bark', 'rain'], digit: ['two', 'three'], drum: ['tom'] }

describe('closed answers', () => {
  const of = (scoring: string, expected: string, choices?: readonly string[]) =>
    closedAnswers({ task: scoring, scoring, expected, ...(choices && { choices }) }, vocabulary)

  test('follow from the question and the vocabulary, as training words them', () => {
    assert.deepEqual(of('name', 'A dog bark.'), {
      candidates: ['A dog bark.', 'Rain.'],
      correct: ['A dog bark.'],
    })
    assert.deepEqual(of('name', 'dog bark')?.correct, ['A dog bark.'])
    assert.deepEqual(of('digit', 'Two.'), { candidates: ['Two.', 'Three.'], correct: ['Two.'] })
    assert.deepEqual(of('drum', 'A tom.')?.candidates, ['A tom.'])
    assert.equal(of('choice', 'Rain.')?.candidates.length, 5)
    assert.deepEqual(of('presence', 'no')?.correct, ['No.'])
    assert.deepEqual(of('presence', 'A dog barks. Yes.')?.correct, ['Yes.'])
    assert.deepEqual(of('multiple-choice', 'Man', ['Man', 'Woman', 'Man'])?.candidates, ['Man', 'Woman'])
  })

  test('of silence and noise, where these are asked about, are the sounds and these', () => {
    const ofRecipe = (expected: string) =>
      closedAnswers(
        { task: 'background', scoring: 'name', expected },
        { ...vocabulary, background: ['silence', 'noise'] },
      )
    assert.deepEqual(ofRecipe('Silence.'), {
      candidates: ['A dog bark.', 'Rain.', 'Silence.', 'Noise.'],
      correct: ['Silence.'],
    })
    assert.deepEqual(ofRecipe('Rain.'), of('name', 'Rain.'), 'a sound is chosen from the sounds')
    assert.equal(of('name', 'Silence.'), undefined)
  })

  test('are not known of free words, several labels, or strange ones', () => {
    for (const scoring of ['captioning', 'order', 'tags']) assert.equal(of(scoring, 'Rain.'), undefined)
    assert.equal(of('name', 'A dog bark, then rain.'), undefined)
    assert.equal(of('name', 'A cat.'), undefined)
  })
})

describe('measures', () => {
  const sample = (
    id: string,
    scores: Record<string, number>,
    correct: readonly string[],
    more: object = {},
  ): Sample => {
    const [answer] = Object.entries(scores).sort((a, b) => b[1] - a[1])[0]!
    const item = { id, audio: id, task: 't', question: '?', expected: correct.join(', '), scoring: 'name' }
    return {
      ...item,
      answer,
      scores,
      correct,
      protocol: 'likelihood',
      right: correct.includes(answer),
      ...more,
    }
  }
  const value = (samples: readonly Sample[], items: readonly Omit<EvalItem, 'samples'>[] = samples) =>
    Object.fromEntries(report(samples, items)[0]!.measures.map((measure) => [measure.name, measure.value]))

  test('the likeliest answer, also for its length', () => {
    const samples = [
      sample('1', { 'Dog.': -4, 'A clock tick.': -5 }, ['A clock tick.']),
      sample('2', { 'Dog.': -1, 'A clock tick.': -9 }, ['Dog.']),
    ]
    assert.deepEqual(value(samples), {
      'accuracy, likeliest answer': 0.5,
      'accuracy, likeliest answer per character': 1,
    })
  })

  test('labels are ranked over recordings; the labels of one that could not be heard are never found', () => {
    const tags = (id: string, dog: number, rain: number, correct: readonly string[]) =>
      sample(id, { 'Dog.': dog, 'Rain.': rain }, correct, { scoring: 'tags' })
    const samples = [tags('1', -1, -9, ['Dog.']), tags('2', -2, -7, ['Rain.']), tags('3', -3, -8, ['Rain.'])]
    assert.deepEqual(value(samples), { 'mAP, likelihood of each label': 1 })
    const missing = {
      ...{ id: '4', audio: '4', task: 't', scoring: 'tags', question: '?', expected: 'Dog' },
      closed: labelAnswers(['Dog', 'Rain'], ['Dog']),
    }
    // Dog: one of two is found, and first. Rain: both before the others.
    assert.deepEqual(value(samples, [...samples, missing]), {
      'mAP, likelihood of each label': (1 / 2 + 1) / 2,
    })
    assert.deepEqual(value(samples.slice(0, 1), [samples[0]!, missing]), {
      'mAP, likelihood of each label': 1 / 2,
    })
  })

  test('nats are per token over all answers, and per answer', () => {
    const nll = (id: string, nats: number, tokens: number) =>
      sample(id, { 'Dog.': -1 }, ['Dog.'], { nll: { nats, tokens } })
    const of = value([nll('1', 2, 1), nll('2', 4, 5)])
    assert.deepEqual([of['NLL, nats per answer token'], of['NLL, nats per answer']], [1, 3])
  })
})

describe('a run', () => {
  let model: string
  before(async () => {
    model = await writeTinyModel()
  })
  const load = () => loadPal({ model, threads: 1 })

  const item = (id: number, more: Partial<EvalItem> = {}): EvalItem => ({
    ...{ id: String(id), audio: `clip ${id}`, task: 'name', scoring: 'name' },
    samples: async () => ({
      samples: Float32Array.from({ length: 4000 }, (_, n) => Math.sin(n * (id + 1))),
      sampleRate: 8000,
    }),
    ...{ question: 'What do you hear?', expected: 'Rain.' },
    ...more,
  })
  const set = (...items: readonly EvalItem[]): EvalSet => ({ items, vocabulary })
  const options = async () => ({ folder: await mkdtemp(join(tmpdir(), 'pal-likelihood-')), identity: {} })

  test('by likelihood: every answer has its score, the best one counts, and judging again agrees', async () => {
    const asked = await options()
    const items = [item(0), item(1, { task: 'presence', scoring: 'presence', expected: 'Yes.' })]
    const samples = await evaluate(load, set(...items), { ...asked, protocol: 'likelihood', nll: true })
    for (const { scores = {}, answer, right, correct, nll, protocol } of samples) {
      assert.equal(protocol, 'likelihood')
      assert.ok(Object.values(scores).every((score) => score <= scores[answer]!))
      assert.equal(right, correct?.includes(answer))
      assert.ok(Math.abs(nll!.nats + scores[correct![0]!]!) < 1e-4)
    }
    assert.deepEqual(Object.keys(samples[0]!.scores!), ['A dog bark.', 'Rain.'])
    assert.deepEqual(await rescore(asked.folder, vocabulary), samples)
  })

  test('by generation: the right answer’s likelihood beside the answer', async () => {
    const [sample] = await evaluate(load, set(item(0, { scoring: 'captioning' })), {
      ...(await options()),
      nll: true,
    })
    const pal = await load()
    const [score] = await pal.score(await item(0).samples(), 'What do you hear?', ['Rain.'])
    await pal.close()
    assert.equal(sample?.protocol, undefined)
    assert.equal(sample?.nll?.tokens, score!.tokens)
    assert.ok(Math.abs(sample!.nll!.nats + score!.logProbability) < 1e-4)
  })

  test('free answers are not chosen from', async () => {
    const free = item(0, { task: 'story', scoring: 'captioning' })
    await assert.rejects(
      evaluate(load, set(item(1), free), { ...(await options()), protocol: 'likelihood' }),
      /--protocol: expected tasks whose answers are chosen from a list, .* in story/,
    )
  })

  test('a recording that is missing is told, counts as wrong, and stays to be asked', async () => {
    const gone = async () => {
      throw new PalError('expected an audio file, got none', { file: 'gone.wav' })
    }
    const missing = item(1, { samples: gone })
    const asked = await options()
    await assert.rejects(evaluate(load, set(missing), asked), /gone\.wav/)
    const unreadable: Unreadable[] = []
    const onUnreadable = (recording: Unreadable) => unreadable.push(recording)
    const samples = await evaluate(load, set(item(0), missing), { ...asked, onUnreadable })
    assert.deepEqual(unreadable, [
      { audio: 'clip 1', questions: 1, reason: 'gone.wav: expected an audio file, got none' },
    ])
    const [row] = report(samples, [item(0), missing])
    assert.deepEqual([row?.answered, row?.asked], [1, 2])
    assert.equal((await evaluate(load, set(item(0), item(1)), asked)).length, 2)
  })
})
