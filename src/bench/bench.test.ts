import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { LlamaConfig } from '../llm/config.js'
import { Runtime } from '../runtime/runtime.js'
import { AnswerRun } from './answer-run.js'
import { type BenchConfiguration, benchModel, combinations, INTEGRATIONS, nameOf } from './configuration.js'
import { costOf } from './cost.js'
import type { Machine } from './machine.js'
import { markdown } from './markdown.js'
import { measure, type Visit } from './measure.js'
import { randomWeights } from './random-weights.js'
import { reportOn } from './report.js'
import { compare, spreadOf } from './statistics.js'
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
  ...{ checkpointing: false, prepacking: false, newTokens: 3, encoder: false, provider: 'cpu', threads: 1 },
}
const machine: Machine = {
  ...{ processor: 'abacus', cores: 2, memoryGiB: 1, system: 'none', node: '20', load: 0 },
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
        if (task === 'train') assert.ok(step > 1.5 * forward)
      })
    }
  }

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

  test('weights of fewer bits, and the cache', () => {
    const bytes = (bits: 4 | 8 | 32) => costOf({ ...base, bits }, llm).weightBytes
    const matrices = 64 * 32 + 5 * (2 * 32 * 64 + 2 * 32 * 32 + 3 * 32 * 96)
    assert.equal(bytes(32) - bytes(8), matrices * (4 - 1 - 4 / 32))
    assert.equal(bytes(8) - bytes(4), matrices / 2)
    assert.equal(costOf(base, llm).cacheBytesPerToken, 5 * 2 * 32 * 4)
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

test('finished turns are kept and not measured again; a line that was cut is left out', async () => {
  const kept = join(folder, 'kept')
  await mkdir(kept)
  const visit = (round: number): Visit => ({
    ...{ name: nameOf(base), round, configuration: base, loadMs: 1, load: 0, at: '', peakMiB: 1 },
    samples: [{ milliseconds: 1 }],
  })
  const lines = [visit(0), visit(1)].map((one) => JSON.stringify(one)).join('\n')
  await writeFile(join(kept, 'visits.jsonl'), `${lines}\n{"name":"cut`)
  await writeFile(join(kept, 'peaks.json'), '{"gemm":1,"bandwidth":1}')
  const options = { folder: kept, weights: folder, warmUp: 1, steps: 1 }
  const progress: string[] = []
  const done = await measure([base], {
    ...options,
    rounds: 2,
    onProgress: (_, __, name) => progress.push(name),
  })
  assert.deepEqual(done, { visits: [visit(0), visit(1)], peaks: { gemm: 1, bandwidth: 1 } })
  assert.deepEqual(progress, [])
  assert.equal(await readFile(join(kept, 'visits.jsonl'), 'utf8'), `${lines}\n`)
  const interrupted = await measure([base], { ...options, rounds: 3, signal: AbortSignal.abort() })
  assert.equal(interrupted.visits.length, 2)
})

test('every combination, each with a name of its own', () => {
  const grid = Object.fromEntries(Object.entries(base).map(([key, value]) => [key, [value]])) as never
  const all = combinations({
    ...(grid as object),
    audioTokens: [1, 2],
    checkpointing: [false, 'selective', true],
  } as never)
  assert.equal(new Set(all.map(nameOf)).size, 6)
})

describe('conclusions', () => {
  const rounds = (...values: number[][]) => new Map(values.map((of, round) => [round, of]))

  test('quartiles', () => {
    assert.deepEqual(spreadOf([4, 1, 3, 2, 5]), { median: 3, quartiles: [2, 4], range: [1, 5], count: 5 })
  })

  test('a difference beyond the spread', () => {
    const { ratio, conclusive } = compare(rounds([10, 11], [10, 12]), rounds([20, 22], [21, 24]))!
    assert.ok(conclusive && ratio.median > 0.4 && ratio.median < 0.6)
  })

  test('a spread that is larger than the difference', () => {
    assert.equal(compare(rounds([10, 30], [11, 28]), rounds([20, 22], [21, 24]))!.conclusive, false)
  })

  test('too few measurements, and no common round', () => {
    assert.equal(compare(rounds([10]), rounds([20]))!.conclusive, false)
    assert.equal(compare(new Map([[0, [1]]]), new Map([[1, [2]]])), undefined)
  })
})

describe('the report', () => {
  const visits = (integration: 'plits' | 'lal', times: readonly (readonly number[])[]): Visit[] =>
    times.map((milliseconds, round) => {
      const configuration = { ...base, integration }
      return {
        ...{ name: nameOf(configuration), round, configuration, loadMs: 1, load: 0, at: '' },
        samples: milliseconds.map((one) => ({ milliseconds: one })),
        peakMiB: integration === 'lal' ? 100 : 400,
      }
    })
  const context = {
    ...{ machine, peaks: { gemm: 1e-3, bandwidth: 1e-3 }, command: 'pal bench train' },
    sizes: new Map([['tiny', llm]]),
  }

  test('says what a quiet machine tells', () => {
    const report = reportOn(
      [
        ...visits('plits', [
          [100, 101],
          [100, 102],
        ]),
        ...visits('lal', [
          [20, 21],
          [20, 20],
        ]),
      ],
      context,
    )
    assert.deepEqual(report.noise, [])
    const text = markdown(report)
    assert.match(
      text,
      /against PLITS: time 0\.20 times \(0\.20–0\.20 over 2 rounds\); peak memory 0\.25 times/,
    )
    assert.doesNotMatch(text, /noisy/)
  })

  test('draws no conclusion from a noisy one, and says so', () => {
    const report = reportOn(
      [
        ...visits('plits', [
          [100, 300],
          [150, 90],
        ]),
        ...visits('lal', [
          [120, 200],
          [90, 260],
        ]),
      ],
      context,
    )
    const text = markdown(report)
    assert.match(text, /\*\*The machine was noisy\*\*: the middle half of the times is wider than 10 %/)
    assert.match(text, /time: no conclusion, the spread is larger than the difference/)
  })

  test('says that too few measurements were made, not that they differ', () => {
    const text = markdown(
      reportOn([...visits('plits', [[200, 202]]), ...visits('lal', [[100, 102]])], context),
    )
    assert.match(text, /time: no conclusion, 2 measurements are too few/)
  })

  test('names what could not be measured', () => {
    const [visit] = visits('lal', [[]])
    const report = reportOn([{ ...visit!, failure: 'ended by SIGKILL, as when memory runs out' }], context)
    assert.match(markdown(report), /not measured, ended by SIGKILL/)
  })

  test('is written as JSON, Markdown and plots', async () => {
    const files = await writeReport(reportOn(visits('lal', [[1, 2, 3]]), context), join(folder, 'report'))
    const names = files.map((file) => file.split('/').at(-1))
    for (const name of ['report.json', 'report.md', 'time.svg', 'memory.svg'])
      assert.ok(names.includes(name), name)
    assert.match(await readFile(join(folder, 'report', 'time.svg'), 'utf8'), /^<svg[\s\S]*LAL[\s\S]*<\/svg>/)
  })
})
