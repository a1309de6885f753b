import { join } from 'node:path'
import { toPng } from '../plot/to-png.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { readComparison, readRuns } from './kept.js'
import { page } from './page.js'
import { type ComparisonReport, compareRuns } from './report.js'
import { toHtml } from './to-html.js'
import { toMarkdown } from './to-markdown.js'

/**
 * Writes the report of what a comparison's folder keeps, finished or not: `report.json` with everything, `report.md`,
 * `report.html` in one piece, and each plot as SVG and PNG (without fonts on the machine, as SVG alone).
 * @returns the report, and as Markdown
 * @throws PalError if the folder holds no comparison, or runs that were asked different questions
 */
export async function writeComparisonReport(
  folder: string,
): Promise<{ readonly report: ComparisonReport; readonly markdown: string }> {
  const comparison = await readComparison(folder)
  const report = compareRuns(comparison, await readRuns(folder, comparison))
  const document = page(report)
  const drawn = new Set<string>()
  for (const block of document.blocks) {
    if (block.kind !== 'figure') continue
    const { name, svg } = block.figure
    await writeAtomically(join(folder, `${name}.svg`), svg)
    const png = await toPng(svg)
    if (!png) continue
    await writeAtomically(join(folder, `${name}.png`), png)
    drawn.add(name)
  }
  const markdown = toMarkdown(document, (name) => `${name}.${drawn.has(name) ? 'png' : 'svg'}`)
  await writeAtomically(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  await writeAtomically(join(folder, 'report.md'), markdown)
  await writeAtomically(join(folder, 'report.html'), toHtml(document))
  return { report, markdown }
}
