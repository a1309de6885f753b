import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { frame } from './frame.js'
import { intervalPlot } from './interval-plot.js'
import { linePlot } from './line-plot.js'
import { markOf } from './mark.js'
import { linearScale, logScale, nameScale } from './scale.js'
import { scatterPlot } from './scatter-plot.js'

test('no two of many series have one mark', () => {
  const marks = Array.from({ length: 36 }, (_, i) => Object.values(markOf(i)).join())
  assert.equal(new Set(marks).size, 36)
})

describe('scales', () => {
  const texts = ({ ticks }: ReturnType<typeof linearScale>) => ticks.map(({ text }) => text)

  test('round numbers that hold every value, from zero or from where the values lie', () => {
    assert.deepEqual(texts(linearScale('', [3, 97])), ['0', '20', '40', '60', '80', '100'])
    assert.deepEqual(texts(linearScale('', [35, 47], { fromZero: false })), [
      '34',
      '36',
      '38',
      '40',
      '42',
      '44',
      '46',
      '48',
    ])
    assert.deepEqual(texts(linearScale('', [-1, 1])), ['-1', '-0.5', '0', '0.5', '1'])
    const { at } = linearScale('', [0, 100])
    assert.deepEqual([at(0), at(50), at(100)], [0, 0.5, 1])
  })

  test('one value, equal values and none', () => {
    for (const values of [[], [0], [5, 5], [-3]]) {
      const { ticks, at } = linearScale('', values, { fromZero: false })
      assert.ok(ticks.length > 1 && values.every((value) => at(value) >= 0 && at(value) <= 1))
    }
  })

  test('logarithms: 1, 2 and 5 of each decade, or equal steps within a small span', () => {
    assert.deepEqual(texts(logScale('', [0.3, 7])), ['0.5', '1', '2', '5'])
    assert.ok(logScale('', [1.1, 1.9]).ticks.length > 2)
  })

  test('names from top to bottom', () => {
    assert.deepEqual([0, 1].map(nameScale('', ['a', 'b']).at), [0.75, 0.25])
  })
})

describe('plots', () => {
  const series = ['one', 'two', 'a <third> & last'].map((name, i) => ({
    name,
    points: [1, 2, 3].map((x) => ({ x, y: x + i, low: x + i - 0.5, high: x + i + 0.5 })),
  }))
  const labels = { title: 'T', xLabel: 'x, s', yLabel: 'y, MiB' }

  test('names of series stand above what is drawn, in as many rows as they need', () => {
    const names = Array.from({ length: 9 }, (_, i) => `a rather long name of series ${i}`)
    const { area, svg } = frame({
      title: '',
      x: linearScale('', [1]),
      y: linearScale('', [1]),
      series: names,
    })
    const places = [...svg([]).matchAll(/y="([\d.]+)"[^>]*>a rather/g)].map(([, y]) => Number(y))
    assert.equal(places.length, names.length)
    assert.ok(places.every((y) => y < area.top))
  })

  test('lines, with bars or bands', () => {
    const bars = linePlot(series, labels)
    assert.match(bars, /x, s[\s\S]*y, MiB/)
    assert.match(bars, /a &lt;third&gt; &amp; last/)
    assert.equal(bars.match(/<polyline/g)?.length, 3)
    const bands = linePlot(series, {
      ...labels,
      spread: 'band',
      log: true,
      dividers: [{ x: 2, name: 'second' }],
    })
    assert.equal(bands.match(/opacity="0.18"/g)?.length, 3)
    assert.match(bands, />second</)
  })

  test('intervals: a row for each category', () => {
    const svg = intervalPlot(
      [0, 1].map((i) => ({
        name: `s${i}`,
        intervals: [0, 1, 2].map((v) => ({ value: v, low: v, high: v + 1 })),
      })),
      { ...labels, categories: ['a', 'b', 'c'] },
    )
    assert.equal(svg.match(/<path/g)?.length, 6)
    assert.doesNotMatch(svg, /NaN/)
  })

  test('points with their spread and their runs', () => {
    const spread = { value: 2, low: 1, high: 3 }
    const svg = scatterPlot(
      [
        {
          name: 's',
          x: spread,
          y: spread,
          runs: [
            { x: 1, y: 1 },
            { x: 3, y: 3 },
          ],
        },
      ],
      labels,
    )
    assert.equal(svg.match(/<path/g)?.length, 2)
    assert.equal(svg.match(/fill="#ffffff" stroke=/g)?.length, 2)
  })
})
