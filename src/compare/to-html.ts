import { escaped } from '../plot/escaped.js'
import type { Block, Document } from './document.js'

const STYLE = `
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #ddd; }
p, ul, pre { max-width: 50rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid #ddd; text-align: left; }
th { border-bottom-color: #888; vertical-align: bottom; }
.number { text-align: right; } td.number { white-space: nowrap; }
pre { padding: 0.7rem; background: #f5f5f5; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 1.5rem 0; } figure svg { max-width: 100%; height: auto; }
figcaption { color: #444; font-size: 0.9rem; }
@media print { td.number { white-space: normal; } }
`

/** One page that needs nothing else: no script, no other file, no network. */
export function toHtml({ title, blocks }: Document): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1>${escaped(title)}</h1>`,
    ...blocks.map(blockText),
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${escaped(block.text)}</h2>`
    case 'text':
      return `<p>${escaped(block.text)}</p>`
    case 'command':
      return `<pre><code>${escaped(block.text)}</code></pre>`
    case 'list':
      return `<ul>\n${block.items.map(({ lead, text }) => `<li><strong>${escaped(lead)}</strong>: ${escaped(text)}</li>`).join('\n')}\n</ul>`
    case 'table':
      return table(block)
    case 'figure':
      return `<figure>\n${block.figure.svg}<figcaption>${escaped(block.figure.caption)}</figcaption>\n</figure>`
  }
}

function table({ columns, rows }: Extract<Block, { kind: 'table' }>): string {
  const isNumber = columns.map((_, i) => rows.every((cells) => /^[−+<]? ?[\d—]/.test(cells[i] ?? '')))
  const row = (tag: 'th' | 'td', cells: readonly string[]) =>
    `<tr>${cells.map((cell, i) => `<${tag}${isNumber[i] ? ' class="number"' : ''}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return [
    '<div class="table"><table>',
    `<thead>${row('th', columns)}</thead>`,
    `<tbody>${rows.map((cells) => row('td', cells)).join('\n')}</tbody>`,
    '</table></div>',
  ].join('\n')
}
