import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { PalError } from '../errors.js'
import { add, neg } from '../graph/elementwise.js'
import { reshape } from '../graph/shape.js'
import { Graph } from '../graph/tensor.js'
import type { LlamaConfig } from '../llm/config.js'
import { Runtime } from '../runtime/runtime.js'
import { AnswerRun } from './answer-run.js'
import { type BenchConfiguration, benchModel, combinations, INTEGRATIONS, nameOf } from './configuration.js'
import { costOf } from './cost.js'
import { mostBytesHeld, multiplyAdds } from './count.js'
import { codeHash, type Identity, identityOf } from './identity.js'
import { type Computer, describeComputer, type Peaks } from './machine.js'
import { markdown } from './markdown.js'
import { type Measured, measure, type Visit } from './measure.js'
import { randomWeights } from './random-weights.js'
import { reportOn } from './report.js'
import { compare, spreadOf } from './statistics.js'
import { weightProducts, weightProductsMs } from './weight-products.js'
import { writeReport } from './write-report.js'

const llm: LlamaConfig = {
  hiddenSize: 32,
  layers: 5,
  heads: 4,
  keyValueHeads: 2,
  headSize: 16,
  feedForwardSize: 96,
  vocabularySize: 64,
  normEpsilon: 1e-5,
  ropeTheta: 100,
  tieEmbeddings: true,
}
const base: BenchConfiguration = {
  ...{ task: 'train', integration: 'lal', llm: 'tiny', audioTokens: 24, textTokens: 5, batch: 2, bits: 32 },
  ...{ questions: 1, checkpointing: false, prepacking: false, newTokens: 3, encoder: false },
  ...{ provider: 'cpu', threads: 1 },
}
const machine: Computer = {
  ...{ processor: 'abacus', cores: 2, memoryGiB: 1, system: 'none', node: '20' },
}

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pal-bench-'))
})
after(() => rm(folder, { recursive: true }))

describe('what is counted from the graph is the closed formula', () => {
  for (const integration of INTEGRATIONS) {
    for (const task of ['train', 'infer'] as const) {
      test(`${integration}, ${task}`, () => {
        const { forward, formula, step = 0 } = costOf({ ...base, integration, task }, llm)
        assert.equal(forward, formula)
        if (task === 'train') return assert.ok(step > 1.5 * forward)
        for (const bits of [4, 8, 32] as const) {
          const { weightBytes, weightFormula } = costOf({ ...base, integration, task, bits }, llm)
          assert.equal(weightBytes, weightFormula)
        }
      })
    }
  }

  test('of several questions about an audio, which is heard once', () => {
    for (const integration of INTEGRATIONS) {
      const [one, three] = [1, 3].map((questions) => costOf({ ...base, integration, questions }, llm))
      assert.equal(three!.forward, three!.formula, integration)
      assert.ok(three!.forward < 3 * one!.forward, integration)
    }
  })

  test('checkpointing computes again, by the graph and not by the formula', () => {
    const plain = costOf(base, llm)
    const again = costOf({ ...base, checkpointing: true }, llm)
    assert.equal(again.forward, plain.forward)
    assert.ok(again.step! > plain.step!)
  })

  test('selective checkpointing computes the scores again and nothing else', () => {
    const { batch, audioTokens, textTokens } = base
    const selective = costOf({ ...base, checkpointing: 'selective' }, llm)
    const scores = llm.layers * batch * llm.heads * llm.headSize * textTokens * (audioTokens + textTokens)
    assert.equal(selective.step! - costOf(base, llm).step!, scores)
  })

  test('the more is computed again for the gradient, the less is held at once', () => {
    const long = { ...base, integration: 'plits', audioTokens: 200 } as const
    const held = ([false, 'gates', 'selective', true] as const).map(
      (checkpointing) => costOf({ ...long, checkpointing }, llm).heldBytes!,
    )
    assert.deepEqual(
      held,
      held.toSorted((a, b) => b - a),
    )
    assert.equal(new Set(held).size, 4)
  })

  test('beside blocks a step multiplies as much, and holds at most a matrix more at once', () => {
    const more = INTEGRATIONS.map((integration) => {
      const [whole, inBlocks] = ([32, 4] as const).map((bits) => costOf({ ...base, integration, bits }, llm))
      assert.equal(inBlocks!.step, whole!.step)
      return inBlocks!.heldBytes! - whole!.heldBytes!
    })
    const matrix = 4 * llm.hiddenSize * llm.feedForwardSize
    assert.ok(more.every((bytes) => bytes >= 0 && bytes <= matrix) && Math.max(...more) > 0, `${more}`)
  })

  test('of values held at once, those go that nobody reads any more, and another shape is no copy', () => {
    const a = new Graph().input('a', [10])
    const twice = reshape(add(a, a), [2, 5]) // 40 bytes of its own
    assert.equal(mostBytesHeld([add(neg(neg(twice)), twice)]), 3 * 40)
    assert.equal(mostBytesHeld([neg(neg(neg(twice)))]), 2 * 40)
  })

  test('weights of fewer bits, and the cache', () => {
    const bytes = (bits: 4 | 8 | 32) => costOf({ ...base, bits }, llm).weightBytes
    const matrices = 64 * 32 + 5 * (2 * 32 * 64 + 2 * 32 * 32 + 3 * 32 * 96)
    assert.equal(bytes(32) - bytes(8), matrices * (4 - 1 - 4 / 32))
    assert.equal(bytes(8) - bytes(4), matrices / 2)
    assert.equal(costOf(base, llm).cacheBytesPerToken, 5 * 2 * 32 * 4)
    assert.equal(costOf(base, llm).audioCacheBytes, base.audioTokens * 5 * 2 * 32 * 4)
    const flamingo = costOf({ ...base, integration: 'flamingo' }, llm)
    assert.equal(flamingo.audioCacheBytes, base.audioTokens * 2 * 2 * llm.hiddenSize * 4)
    const table = 64 * 32 * 4
    const untied = costOf(base, { ...llm, tieEmbeddings: false, queryKeyValueBias: true, queryKeyNorm: true })
    assert.equal(untied.weightBytes, untied.weightFormula)
    assert.ok(untied.weightBytes - costOf(base, llm).weightBytes < table, 'the embeddings are not read')
  })
})

for (const bits of [4, 8, 32] as const) {
  test(`an answer with random weights of ${bits} bits`, async () => {
    const runtime = await Runtime.start({ threads: 1 })
    try {
      for (const integration of INTEGRATIONS) {
        const configuration = { ...base, task: 'infer', bits, integration } as const
        const config = benchModel(integration, llm)
        const small = {
          ...config,
          encoders: [{ ...config.encoders[0]!, encoder: { ...config.encoders[0]!.encoder, layers: 1 } }],
        }
        const weights = await randomWeights(small, bits, folder)
        const run = await AnswerRun.compile(runtime, configuration, small, weights)
        const { tokenMs, listenMs, promptMs } = await run.run()
        assert.equal(tokenMs.length, 3)
        assert.ok([listenMs, promptMs, ...tokenMs].every((time) => time > 0))
      }
    } finally {
      await runtime.close()
    }
  })
}

test('the products with the weights alone read every weight that a token reads, the norms’ gains apart', async () => {
  const { logits, unread } = weightProducts(llm)
  const gains = (2 * llm.layers + 1) * llm.hiddenSize
  const { weightBytes } = costOf({ ...base, task: 'infer' }, llm)
  assert.equal(4 * (multiplyAdds([logits, unread]) + gains), weightBytes)

  const runtime = await Runtime.start({ threads: 1 })
  try {
    const weights = await randomWeights(benchModel('lal', llm), 4, folder, ['language'])
    assert.ok((await weightProductsMs(runtime, llm, { weights, prepacking: true })) > 0)
  } finally {
    await runtime.close()
  }
})

test('no two random matrices are alike, since a runtime that keeps equal ones once would read fewer', async () => {
  for (const bits of [4, 32] as const) {
    const weights = await randomWeights(benchModel('lal', llm), bits, folder, ['language'])
    const starts = await Promise.all(
      Array.from({ length: llm.layers }, async (_, layer) => {
        const source = weights(`llm.model.layers.${layer}.self_attn.q_proj.weight`)!
        const { file, offset } = ('bits' in source ? source.values : source) as {
          file: string
          offset: number
        }
        return (await readFile(file)).subarray(offset, offset + 64).toString('hex')
      }),
    )
    assert.equal(new Set(starts).size, llm.layers, `${bits} bits`)
  }
})

describe('a folder of measurements', () => {
  const identity: Identity = { processor: 'abacus', code: 'a1' }
  const visit = (round: number, configuration = base): Visit => ({
    ...{ name: nameOf(configuration), round, configuration, loadMs: 1, load: 0, at: '2020-01-01T00:00' },
    ...{ peakMiB: 1, samples: [{ milliseconds: 1 }] },
  })
  const peaks: Peaks = { provider: 'cpu', threads: 1, gemm: 1, bandwidth: 1 }
  const lines = (values: readonly unknown[]) => values.map((one) => `${JSON.stringify(one)}\n`).join('')

  /** A folder in which two rounds are kept. */
  async function keptFolder(own: Identity | undefined, visits = [visit(0), visit(1)]): Promise<string> {
    const kept = await mkdtemp(join(folder, 'kept-'))
    if (own) await writeFile(join(kept, 'identity.json'), JSON.stringify({ ...own, steps: 1, warmUp: 1 }))
    await writeFile(join(kept, 'visits.jsonl'), lines(visits))
    await writeFile(join(kept, 'peaks.jsonl'), lines([peaks]))
    return kept
  }
  const optionsFor = (kept: string) => ({
    ...{ folder: kept, weights: folder, rounds: 2, warmUp: 1, steps: 1 },
    identity: async () => identity,
  })

  test('finished turns are not measured again; a line that was cut is left out', async () => {
    const kept = await keptFolder(identity)
    await appendFile(join(kept, 'visits.jsonl'), '{"name":"cut')
    const progress: string[] = []
    const onProgress = (_: number, __: number, name: string) => progress.push(name)
    const done = await measure([base], { ...optionsFor(kept), onProgress })
    assert.deepEqual(done, { visits: [visit(0), visit(1)], failures: [], peaks: [peaks], products: [] })
    assert.deepEqual(progress, [])
    assert.equal(await readFile(join(kept, 'visits.jsonl'), 'utf8'), lines([visit(0), visit(1)]))
  })

  test('no more count than were asked for: of the rounds the first ones, of the configurations the named ones', async () => {
    const other = { ...base, llm: 'other' }
    const kept = await keptFolder(identity, [visit(0, other), ...[0, 1, 2, 3, 4].map((i) => visit(i))])
    const fewer = await measure([base, base], optionsFor(kept))
    assert.deepEqual(fewer.visits, [visit(0), visit(1)])
    const interrupted = await measure([base], {
      ...optionsFor(kept),
      rounds: 6,
      signal: AbortSignal.abort(),
    })
    assert.deepEqual(
      interrupted.visits.map(({ name, round }) => [name, round]),
      [0, 1, 2, 3, 4].map((round) => [nameOf(base), round]),
    )
  })

  test('the peaks are those of the threads that are measured', async () => {
    const kept = await keptFolder(identity)
    const done = await measure([{ ...base, threads: 2 }], {
      ...optionsFor(kept),
      signal: AbortSignal.abort(),
    })
    assert.deepEqual(done.peaks, [])
  })

  const refused: readonly [what: string, own: Identity | undefined, message: RegExp][] = [
    [
      'code',
      { ...identity, code: 'b2' },
      /identity\.json: expected .* with code = a1, got ones with code = b2/,
    ],
    [
      'machines',
      { ...identity, processor: 'fingers' },
      /processor = abacus, got ones with processor = fingers/,
    ],
    ['what is not known', { processor: 'abacus' }, /with code = a1, got ones with code = unknown/],
    ['nothing', undefined, /expected .* in identity\.json, got visits\.jsonl without it/],
  ]
  for (const [what, own, message] of refused) {
    test(`one that speaks of other measurements is refused: ${what}`, async () => {
      const kept = await keptFolder(own)
      await assert.rejects(measure([base], optionsFor(kept)), (error: Error) => {
        assert.ok(error instanceof PalError)
        assert.match(error.message, message)
        assert.match(error.message, /another folder with --out, or remove this one/)
        return true
      })
    })
  }

  test('one whose identity is damaged is refused, with what to do', async () => {
    const kept = await keptFolder(identity)
    await writeFile(join(kept, 'identity.json'), '{"processor": "aba')
    await assert.rejects(
      measure([base], optionsFor(kept)),
      /identity\.json:1: expected what measurements are of, as JSON\nGive another folder/,
    )
  })

  test('other steps, another warm-up: all that differs is said', async () => {
    const options = { ...optionsFor(await keptFolder(identity)), steps: 7, warmUp: 2 }
    await assert.rejects(
      measure([base], options),
      /with steps = 7, warmUp = 2, got ones with steps = 1, warmUp = 1/,
    )
  })

  test('another model may join, and the same one may not have changed', async () => {
    const kept = await keptFolder({ ...identity, 'llm a': '1' })
    const withModels = (models: Identity) => ({
      ...optionsFor(kept),
      identity: async () => ({ ...identity, ...models }),
    })
    await measure([base], withModels({ 'llm b': '2' }))
    await measure([base], withModels({ 'llm a': '1' }))
    await assert.rejects(measure([base], withModels({ 'llm a': '3' })), /llm a = 3, got ones with llm a = 1/)
    await assert.rejects(measure([base], withModels({ 'llm b': '3' })), /llm b = 3, got ones with llm b = 2/)
  })

  test('what fails is left out of the rounds after, not kept, and tried again by the next call', async () => {
    const kept = await keptFolder(identity)
    const missing = { ...base, llm: join(folder, 'no such model') }
    for (const call of ['first', 'next']) {
      const tried: string[] = []
      const onProgress = (_: number, __: number, name: string) => tried.push(name)
      const { visits, failures } = await measure([missing, base], { ...optionsFor(kept), onProgress })
      assert.deepEqual(tried, [nameOf(missing)], call)
      assert.deepEqual(visits, [visit(0), visit(1)])
      const [failure, ...others] = failures
      assert.match(failure!.reason, /expected a folder with a language model/)
      assert.deepEqual([failure!.name, failure!.round, others], [nameOf(missing), 0, []])
    }
    assert.equal(await readFile(join(kept, 'visits.jsonl'), 'utf8'), lines([visit(0), visit(1)]))
  })

  test('code that is built anew meanwhile ends it', async () => {
    const builds = ['a1', 'a1', 'b2']
    const missing = { ...base, llm: join(folder, 'no such model') }
    const options = {
      ...optionsFor(await keptFolder(identity)),
      identity: async () => ({ ...identity, code: builds.shift()! }),
    }
    await assert.rejects(
      measure([missing, { ...missing, batch: 3 }], options),
      /code = b2, got ones with code = a1/,
    )
  })

  test('the identity is of the machine, the code and the models', async () => {
    const computer = describeComputer()
    const one = await identityOf(computer)
    const ofModel = await identityOf(computer, new Map([['path/to/model', 'sha']]))
    assert.deepEqual({ ...ofModel }, { ...one, 'llm path/to/model': 'sha' })
    assert.match(String(one.code), /^[0-9a-f]{16}$/)
    assert.match(String(one.onnxruntime), /^\d+\.\d+/)
    for (const key of ['processor', 'cores', 'system', 'node', 'version']) assert.ok(one[key], key)
  })

  test('the code is a file with all that it may load, and nothing else', async () => {
    const code = await mkdtemp(join(folder, 'code-'))
    const write = (name: string, text: string) => writeFile(join(code, name), text)
    const hash = () => codeHash(pathToFileURL(join(code, 'a.js')))
    await write('a.js', "import { b } from './b.js' // not './none.js'")
    await write('b.js', "new Worker(new URL('./c.js', import.meta.url))")
    await write('c.js', "await import('./a.js')")
    await write('d.js', '')
    const before = await hash()
    await write('d.js', 'other')
    assert.equal(await hash(), before)
    await write('c.js', 'other')
    assert.notEqual(await hash(), before)
  })
})

test('every combination, each with a name of its own', () => {
  const grid = Object.fromEntries(Object.entries(base).map(([key, value]) => [key, [value]])) as never
  const all = combinations({
    ...(grid as object),
    audioTokens: [1, 2],
    checkpointing: [false, 'gates', 'selective', true],
  } as never)
  assert.equal(new Set(all.map(nameOf)).size, 8)
})

describe('conclusions', () => {
  const rounds = (...values: number[][]) => new Map(values.map((of, round) => [round, of]))

  test('quartiles', () => {
    assert.deepEqual(spreadOf([4, 1, 3, 2, 5]), { median: 3, quartiles: [2, 4], range: [1, 5], count: 5 })
  })

  test('between two values, quantiles are on the line; of none, there are none', () => {
    const { median, quartiles } = spreadOf([30, 0, 20, 10])
    assert.deepEqual([median, quartiles], [15, [7.5, 22.5]])
    assert.deepEqual(spreadOf([7]).quartiles, [7, 7])
    assert.ok(Number.isNaN(spreadOf([]).median))
  })

  test('a difference beyond the spread', () => {
    const [a, b] = [rounds([10, 11], [10, 12], [11]), rounds([20, 22], [21, 24], [22])]
    const { ratio, conclusive } = compare(a, b)!
    assert.ok(conclusive && ratio.median > 0.4 && ratio.median < 0.6)
    const busy = compare(a, b, new Set([1]))!
    assert.deepEqual([busy.conclusive, busy.quietRounds, busy.ratio.count], [false, 2, 2])
    assert.equal(compare(a, b, new Set([0, 1, 2]))!.ratio.count, 3)
  })

  test('a spread that is larger than the difference', () => {
    const [a, b] = [rounds([10, 30], [11, 28], [10, 29]), rounds([20, 22], [21, 24], [20, 22])]
    assert.deepEqual([compare(a, b)!.conclusive, compare(a, b)!.quietRounds], [false, 3])
  })

  test('too few measurements, and no common round', () => {
    assert.equal(compare(rounds([10, 10, 10]), rounds([20, 20, 20]))!.conclusive, false)
    assert.equal(compare(new Map([[0, [1]]]), new Map([[1, [2]]])), undefined)
  })
})

describe('the report', () => {
  const visits = (integration: 'plits' | 'lal', times: readonly (readonly number[])[]): Visit[] =>
    times.map((milliseconds, round) => {
      const configuration = { ...base, integration }
      return {
        ...{ name: nameOf(configuration), round, configuration, loadMs: 1, load: 0 },
        at: `2020-01-0${round + 1}T12:00:00.000Z`,
        samples: milliseconds.map((one) => ({ milliseconds: one })),
        peakMiB: integration === 'lal' ? 100 : 400,
      }
    })
  const peaks: Peaks = { provider: 'cpu', threads: 1, gemm: 1e-3, bandwidth: 1e-3 }
  const context = { machine, command: 'pal bench train', sizes: new Map([['tiny', llm]]) }
  const report = (visits: readonly Visit[], rest: Partial<Measured> = {}) =>
    reportOn({ visits, failures: [], peaks: [peaks], products: [], ...rest }, context)

  test('says what a quiet machine tells', () => {
    const quiet = report([
      ...visits('plits', [[100, 101], [100, 102], [101]]),
      ...visits('lal', [[20, 21], [20, 20], [20]]),
    ])
    assert.deepEqual(quiet.noise, [])
    const text = markdown(quiet)
    assert.match(text, /\| tiny \| 32 \| LAL \| 24 \| 5 \| 2 \| 1 \| off \|/)
    assert.match(
      text,
      /against PLITS: time 0\.20 times \(0\.20–0\.20 over 3 rounds\); peak memory 0\.25 times \(0\.25–0\.25 over 3 rounds\)/,
    )
    assert.doesNotMatch(text, /noisy/)
  })

  test('draws no conclusion from a noisy one, and says so', () => {
    const noisy = report([
      ...visits('plits', [
        [100, 300],
        [150, 90],
        [90, 110],
      ]),
      ...visits('lal', [
        [120, 200],
        [90, 260],
        [100, 120],
      ]),
    ])
    const text = markdown(noisy)
    assert.match(text, /\*\*The machine was noisy\*\*: the middle half of the times is wider than 10 %/)
    assert.match(text, /time: no conclusion, the spread is larger than the difference/)
  })

  test('says that too few rounds were quiet, not that they differ', () => {
    const all = [...visits('plits', [[200], [202], [201]]), ...visits('lal', [[100], [102], [101]])]
    const busy = all.map((visit) => (visit.round === 1 ? { ...visit, load: 1 } : visit))
    const text = markdown(report(busy, { peaks: [{ ...peaks, load: 1 }] }))
    assert.match(text, /time: no conclusion, 2 rounds on a quiet machine are too few/)
    assert.match(text, /peak memory 0\.25 times/)
    assert.match(text, /busy before 2 of 6 measurements; others were at work when the peaks were measured/)
  })

  test('names what could not be measured', () => {
    const reason = 'ended by SIGKILL, as when memory runs out'
    const failures = [{ name: 'too large', round: 1, reason, at: '2020-01-03T12:00:00.000Z' }]
    const text = markdown(report([], { failures }))
    assert.match(text, /- too large: not measured from round 2 on, ended by SIGKILL/)
    assert.match(text, /Node 20, 2020-01-03\./)
  })

  test('is dated from what was measured', () => {
    assert.equal(report(visits('lal', [[1]])).date, '2020-01-01')
    assert.equal(report(visits('lal', [[1], [1], [1]]).toReversed()).date, '2020-01-01 to 2020-01-03')
  })

  test('holds each configuration against the peaks of its own threads', () => {
    const [four] = report(visits('lal', [[1]]), { peaks: [{ ...peaks, threads: 4 }] }).results
    assert.equal(four!.gemmShare, undefined)
    const both = report(visits('lal', [[1]]), { peaks: [{ ...peaks, threads: 4, gemm: 1 }, peaks] })
    assert.equal(both.results[0]!.gemmShare, report(visits('lal', [[1]])).results[0]!.gemmShare)
    assert.match(markdown(both), /Measured peaks, cpu threads=4: 2 GFLOP\/s/)
  })

  test('says what the products with its weights take alone, of an answer that nothing is batched with', () => {
    const answers = visits('lal', [[1]]).map((visit) => {
      const configuration = { ...base, task: 'infer', batch: 1, bits: 4 } as const
      return { ...visit, configuration, samples: [{ milliseconds: 1, tokenMs: [5, 5] }] }
    })
    const own = { llm: 'tiny', bits: 4, prepacking: false, provider: 'cpu', threads: 1 } as const
    const products = [
      { ...own, bits: 8, milliseconds: 9 },
      { ...own, milliseconds: 3.21, load: 1 },
    ] as const
    const text = markdown(report(answers, { products }))
    assert.match(text, /5\.0 \(5\.0–5\.0\) \| 3\.2 \|/)
    assert.match(text, /others were at work when the products with the weights were measured/)
  })

  test('says what is left of a difference with the encoder, which both have', () => {
    const hearing = (integration: 'plits' | 'lal', milliseconds: number) =>
      visits(integration, [[1], [1], [1]]).map((visit) => {
        const configuration = { ...base, task: 'infer', integration, encoder: 'whisper-tiny' } as const
        const samples = [{ milliseconds, encodeMs: 50, tokenMs: [1] }]
        return { ...visit, name: nameOf(configuration), configuration, samples }
      })
    const text = markdown(report([...hearing('plits', 150), ...hearing('lal', 50)]))
    assert.match(text, /\| whisper-tiny \| 100 \|/)
    assert.match(text, /time 0\.33 times .*; with the encoder 0\.50 times \(0\.50–0\.50 over 3 rounds\)/)
  })

  test('is written as JSON, Markdown and plots', async () => {
    const files = await writeReport(report(visits('lal', [[1, 2, 3]])), join(folder, 'report'))
    const names = files.map((file) => file.split('/').at(-1))
    for (const name of ['report.json', 'report.md', 'time.svg', 'memory.svg'])
      assert.ok(names.includes(name), name)
    assert.match(await readFile(join(folder, 'report', 'time.svg'), 'utf8'), /^<svg[\s\S]*LAL[\s\S]*<\/svg>/)
  })
})
