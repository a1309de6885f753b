import type { Block, Document } from './document.js'

/** @param fileOf the picture that a figure is shown by, of its name */
export function toMarkdown({ title, blocks }: Document, fileOf: (name: string) => string): string {
  return [`# ${title}`, ...blocks.map((block) => blockText(block, fileOf))].join('\n\n').concat('\n')
}

function blockText(block: Block, fileOf: (name: string) => string): string {
  switch (block.kind) {
    case 'heading':
      return `## ${block.text}`
    case 'text':
      return block.text
    case 'command':
      return `\`\`\`sh\n${block.text}\n\`\`\``
    case 'list':
      return block.items.map(({ lead, text }) => `- **${lead}**: ${text}`).join('\n')
    case 'table':
      return [block.columns, block.columns.map(() => '---'), ...block.rows]
        .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
        .join('\n')
    case 'figure':
      return `![${block.figure.caption}](${fileOf(block.figure.name)})`
  }
}
