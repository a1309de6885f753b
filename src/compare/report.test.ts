import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { balancedAccuracy } from '../eval/accuracy.js'
import { gains, layOut, plainAccuracy, tabulate } from './answer-table.js'
import { readComparison, readRuns } from './kept.js'
import { lossCurve } from './loss-curve.js'
import { ALL_QUESTIONS, compareRuns } from './report.js'
import { samplesOf, stepsOf, type TinyOptions, writeTinyComparison } from './tiny-comparison.test.helper.js'
import { writeComparisonReport } from './write-report.js'

const run = (integration: string, seed: number) => ({ integration, seed, folder: '' })

describe('tables of answers', () => {
  const presence = (integration: string, seed: number) =>
    samplesOf(run(integration, seed), 0.6).filter(({ task }) => task === 'presence')
  const layout = layOut(presence('plits', 1), true)
  const tableOf = (integration: string) =>
    tabulate(
      layout,
      [1, 2].map((seed) => ({ samples: presence(integration, seed), file: '' })),
    )

  test('accuracy is the mean of the seeds’, balanced as elsewhere', () => {
    const expected = (balancedAccuracy(presence('lal', 1)) + balancedAccuracy(presence('lal', 2))) / 2
    assert.ok(Math.abs(plainAccuracy(tableOf('lal')) - expected) < 1e-12)
  })

  test('what audios gain adds up to the difference', () => {
    const [own, base] = [tableOf('lal'), tableOf('plits')]
    const sum = gains(own, base).reduce((all, one) => all + one, 0)
    assert.ok(Math.abs(sum - (plainAccuracy(own) - plainAccuracy(base))) < 1e-12)
  })

  test('audios that were cut from one recording are one source, where this is known', () => {
    const cut = presence('plits', 1).map((sample, i) => ({ ...sample, source: `set, source ${i >> 2}` }))
    assert.deepEqual([layout.sources, layOut(cut, true).sources], [40, 10])
  })

  test('other questions are refused, with the run that was asked them', () => {
    const others = [{ samples: presence('lal', 1).slice(1), file: 'lal-seed1/eval' }]
    assert.throws(() => tabulate(layout, others), /lal-seed1\/eval: .* at question "clip:0:presence"/)
  })
})

describe('conclusions', () => {
  const reportOf = async (options: TinyOptions) => {
    const folder = await writeTinyComparison(options)
    const comparison = await readComparison(folder)
    return compareRuns(comparison, await readRuns(folder, comparison))
  }

  test('a clear difference is one, in every task', async () => {
    const worse = await reportOf({ accuracy: ({ integration }) => (integration === 'lal' ? 0.2 : 0.9) })
    assert.deepEqual(
      worse.differences.map(({ task, verdict, family }) => [task, verdict, family]),
      [
        [ALL_QUESTIONS, 'worse', 1],
        ['name', 'worse', 2],
        ['presence', 'worse', 2],
      ],
    )
    const better = await reportOf({ accuracy: ({ integration }) => (integration === 'lal' ? 0.9 : 0.2) })
    assert.ok(better.differences.every(({ verdict, low }) => verdict === 'better' && low > 0))
  })

  test('none is drawn from chance, nor where seeds turn the difference around', async () => {
    const chance = await reportOf({})
    assert.ok(chance.differences.every(({ verdict }) => verdict === 'no conclusion'))
    const torn = await reportOf({
      accuracy: ({ integration, seed }) => (integration === 'plits' ? 0.5 : seed === 1 ? 1 : 0.4),
    })
    const [all] = torn.differences
    assert.ok(all!.p < 0.05, 'over these seeds the audios do tell them apart')
    assert.ok(all!.low < 0 && all!.high > 0)
    assert.equal(all!.verdict, 'no conclusion')
  })

  test('costs are compared seed by seed, and not from one', async () => {
    const two = await reportOf({})
    const { mean, low, high, conclusive } = two.costs[1]!.stepMilliseconds.ratio!
    assert.ok([mean, low, high].every((ratio) => Math.abs(ratio - 0.5) < 1e-12) && conclusive)
    const one = await reportOf({ comparison: { seeds: [1] } })
    assert.equal(one.costs[1]!.stepMilliseconds.ratio!.conclusive, false)
  })
})

describe('loss curves', () => {
  test('mean, least and most over seeds, smoothed within each stage', () => {
    const runs = [stepsOf({ seed: 1 }, 80), stepsOf({ seed: 3 }, 80)]
    const { points, stages, window } = lossCurve(runs)
    assert.equal(window, 5)
    assert.deepEqual(stages, [
      { name: 'first', x: 0 },
      { name: 'second', x: 40 },
    ])
    const mean = (of: (typeof runs)[0], from: number, to: number) =>
      of.slice(from, to).reduce((sum, { loss }) => sum + loss, 0) / (to - from)
    const at = points.find(({ x }) => x === 41)! // The first of its stage: nothing of the stage before.
    assert.ok(Math.abs(at.high - mean(runs[0]!, 40, 43)) < 1e-12)
    assert.ok(Math.abs(at.low - mean(runs[1]!, 40, 43)) < 1e-12)
    assert.ok(Math.abs(at.y - (at.low + at.high) / 2) < 1e-12)
  })

  test('long runs are drawn with few points', () => {
    assert.ok(lossCurve([stepsOf({ seed: 1 }, 5000)]).points.length < 340)
  })
})

describe('the files', () => {
  const read = (folder: string, name: string) => readFile(join(folder, name), 'utf8')

  test('one page that needs nothing else, Markdown that links the plots, and everything as JSON', async () => {
    const folder = await writeTinyComparison({})
    const { markdown } = await writeComparisonReport(folder)
    const html = await read(folder, 'report.html')
    assert.doesNotMatch(html.replaceAll('http://www.w3.org/2000/svg', ''), /<script|src=|href=|url\(|https?:/)
    assert.equal(html.match(/<svg/g)?.length, 4)
    for (const text of [
      html.replaceAll('<strong>', '').replaceAll('</strong>', ''),
      markdown.replaceAll('**', ''),
    ]) {
      assert.match(text, /LAL, accuracy: no conclusion: [−+].* p = [\d.]+ after Holm; the interval holds 0/)
      assert.match(text, /LAL, step time: shorter than PLITS: 0\.50 times/)
      assert.match(text, /pal compare tiny\.yaml --integrations plits,lal --seeds 1,2/)
      assert.match(text, /stages\.0\.steps.*8 \(in the recipe: 400\)/s)
      assert.match(text, /abacus, 2 cores/)
      assert.doesNotMatch(text, /With caution|NaN|undefined/)
    }
    for (const [, file] of markdown.matchAll(/\]\((.*?)\)/g)) await read(folder, file as string)
    const report = JSON.parse(await read(folder, 'report.json'))
    assert.deepEqual([report.tasks.length, report.differences.length, report.curves.length], [3, 3, 2])
  })

  test('are the same when they are written again', async () => {
    const folder = await writeTinyComparison({})
    const names = ['report.html', 'report.md', 'report.json', 'accuracy.svg', 'loss.svg']
    const write = async () => {
      await writeComparisonReport(folder)
      return Promise.all(names.map((name) => read(folder, name)))
    }
    assert.deepEqual(await write(), await write())
  })

  test('say what takes away from the conclusions', async () => {
    const machine = { processor: 'abacus', cores: 2, memoryGiB: 1, system: 'none', node: '20', load: 1.5 }
    const folder = await writeTinyComparison({
      comparison: { seeds: [1], integrations: ['plits', 'lal', 'pal'] },
      open: ({ integration }) => integration === 'pal',
      cost: { machine, resumed: true },
    })
    const { markdown } = await writeComparisonReport(folder)
    assert.match(markdown, /\*\*Not finished\*\*: pal-seed1;/)
    assert.match(markdown, /\*\*One seed\*\*/)
    assert.match(markdown, /\*\*A busy machine\*\*: .* before plits-seed1, lal-seed1;/)
    assert.match(markdown, /\*\*Stopped and resumed\*\*: plits-seed1, lal-seed1:/)
    assert.match(markdown, /LAL, step time: no conclusion/)
  })

  test('say which runs have heard what they are asked about', async () => {
    const folder = await writeTinyComparison()
    const stages = (hears: string) => `stages:\n  - { name: first }\n  - { name: second, hears: ${hears} }\n`
    await writeFile(join(folder, 'lal-seed1', 'recipe.yaml'), stages('all'))
    await writeFile(join(folder, 'lal-seed2', 'recipe.yaml'), stages('train'))
    const { markdown, report } = await writeComparisonReport(folder)
    assert.match(
      markdown,
      /With caution\n\n.*\*\*Measured on training data\*\*: second of lal-seed1 heard what is held out/,
    )
    assert.deepEqual(
      report.runs.flatMap(({ run, heldOutHeard }) => (heldOutHeard ? [[run.folder, ...heldOutHeard]] : [])),
      [['lal-seed1', 'second']],
    )
  })

  test('are not made of answers that different scorers have judged', async () => {
    const folder = await writeTinyComparison({})
    const identity = join('lal-seed2', 'eval', 'identity.json')
    const known = JSON.parse(await read(folder, identity)) as object
    await writeFile(join(folder, identity), JSON.stringify({ ...known, scorer: 99 }))
    await assert.rejects(
      writeComparisonReport(folder),
      /expected answers of one version, got questions 1, scorer an older one \(plits-seed1\); questions 1, scorer 99 \(lal-seed2\)/,
    )
  })

  test('nothing finished, or nothing to pair with, is said too', async () => {
    const nothing = await writeComparisonReport(await writeTinyComparison({ open: () => true }))
    assert.match(nothing.markdown, /\*\*Not finished\*\*: plits-seed1, lal-seed1/)
    const alone = await writeComparisonReport(
      await writeTinyComparison({ open: ({ integration }) => integration === 'plits' }),
    )
    assert.match(alone.markdown, /\*\*No baseline\*\*: PLITS has no finished run/)
  })

  test('runs that lack an answer are not finished', async () => {
    const folder = await writeTinyComparison({})
    const samples = join('lal-seed2', 'eval', 'samples.jsonl')
    const lines = (await read(folder, samples)).split('\n')
    await writeFile(join(folder, samples), `${lines.slice(0, 10).join('\n')}\n`)
    const { markdown, report } = await writeComparisonReport(folder)
    assert.deepEqual(
      report.open.map((one) => one.folder),
      ['lal-seed2'],
    )
    assert.deepEqual(
      report.differences[0]?.seeds.map(({ seed }) => seed),
      [1],
    )
    assert.match(markdown, /\*\*Unequal seeds\*\*: PLITS has 2, LAL has 1 of 2:/)
  })
})
