import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { linePlot, type Series } from '../plot/line-plot.js'
import { toPng } from '../plot/to-png.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { checkpointingWords } from './configuration.js'
import { markdown } from './markdown.js'
import type { Report, Result } from './report.js'
import type { Spread } from './statistics.js'

/**
 * Writes `report.json`, `report.md` and, as SVG and PNG, time and memory against the number of audio tokens.
 * @returns the files
 */
export async function writeReport(report: Report, folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true })
  const files: [name: string, content: string | Uint8Array][] = [
    ['report.json', `${JSON.stringify(report, null, 2)}\n`],
    ['report.md', `${markdown(report)}\n`],
  ]
  for (const [name, svg] of plots(report)) {
    files.push([`${name}.svg`, svg])
    const png = await toPng(svg)
    if (png) files.push([`${name}.png`, png])
  }
  for (const [name, content] of files) await writeAtomically(join(folder, name), content)
  return files.map(([name]) => join(folder, name))
}

function plots({ results, machine, date }: Report): readonly (readonly [name: string, svg: string])[] {
  const [first] = results
  if (!first) return []
  const training = first.configuration.task === 'train'
  const where = `${machine.processor}, ${machine.cores} cores, ${date}`
  const draw = (title: string, yLabel: string, value: (result: Result) => Spread | undefined) =>
    linePlot(seriesOf(results, value), { title, subtitle: where, xLabel: 'audio tokens', yLabel })
  return [
    ['time', draw(training ? 'Training step' : 'Until the first token', 'milliseconds', ({ time }) => time)],
    ['memory', draw('Peak memory', 'MiB', ({ peakMiB }) => peakMiB)],
    ...(training
      ? []
      : [['token', draw('Each further token', 'milliseconds', ({ token }) => token)] as const]),
  ]
}

/** A line for each way to be configured, but for the audio tokens. */
function seriesOf(
  results: readonly Result[],
  value: (result: Result) => Spread | undefined,
): readonly Series[] {
  const lines = new Map<string, { x: number; y: number; low: number; high: number }[]>()
  for (const result of results) {
    const spread = value(result)
    if (!spread) continue
    const name = lineName(result, results)
    const point = { x: result.configuration.audioTokens, y: spread.median }
    const line = [
      ...(lines.get(name) ?? []),
      { ...point, low: spread.quartiles[0], high: spread.quartiles[1] },
    ]
    lines.set(name, line)
  }
  return [...lines].map(([name, points]) => ({ name, points: points.sort((a, b) => a.x - b.x) }))
}

/** What differs among the results, besides the audio tokens. */
function lineName({ configuration: one }: Result, results: readonly Result[]): string {
  const differs = (key: keyof typeof one) =>
    results.some(({ configuration }) => configuration[key] !== one[key])
  return [
    one.integration.toUpperCase(),
    ...(differs('llm') ? [one.llm] : []),
    ...(differs('bits') ? [`${one.bits} bits`] : []),
    ...(differs('batch') ? [`batch ${one.batch}`] : []),
    ...(differs('questions') ? [`${one.questions} questions`] : []),
    ...(differs('textTokens') ? [`${one.textTokens} text tokens`] : []),
    ...(differs('encoder') && one.encoder ? [one.encoder] : []),
    ...(differs('threads') ? [`${one.threads} threads`] : []),
    ...(differs('provider') ? [one.provider] : []),
    ...checkpointingWords(one.checkpointing),
    ...(differs('prepacking') && one.prepacking ? ['prepacked'] : []),
  ].join(', ')
}
