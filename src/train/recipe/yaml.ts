import { type Document, isMap, LineCounter, parseDocument } from 'yaml'
import { type ErrorDetails, PalError } from '../../errors.js'
import { readText } from '../../reading.js'
import { isSettings, type Path, type Settings } from './setting-path.js'

/** A recipe's file: what it says, not checked yet, and on which lines. */
export interface RecipeFile {
  readonly settings: Settings
  /** The line of a key, or of the nearest one above it that the file has. */
  lineOf(path: Path): number | undefined
}

const SHIPPED = 'Recipes that ship are in recipes/.'

/** @throws PalError for a file that cannot be read, is no YAML, or has no keys */
export async function readRecipeFile(file: string): Promise<RecipeFile> {
  const lines = new LineCounter()
  const document = parseDocument(await readText(file, 'a recipe', SHIPPED), { lineCounter: lines })
  const [fault] = document.errors
  if (fault)
    throw new PalError(`expected YAML: ${fault.message}`, { file, line: fault.linePos?.[0].line ?? 1 })
  expectNoTag(document, { file })
  if (!isMap(document.contents)) throw new PalError('expected a recipe, got a file without keys', { file })
  return { settings: contentOf(document, { file }) as Settings, lineOf }

  function lineOf(path: Path): number | undefined {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true)
      const offset = (node as { range?: readonly number[] } | undefined)?.range?.[0]
      if (offset !== undefined) return lines.linePos(offset).line
    }
    return undefined
  }
}

/**
 * A value as it stands behind a key.
 * @param key for messages
 * @throws PalError for none, and for what is no YAML
 */
export function parseValue(text: string, key: string): unknown {
  const document = parseDocument(text, { prettyErrors: false })
  const [fault] = document.errors
  if (fault) throw new PalError(`expected a value in YAML, got "${text}": ${fault.message}`, { key })
  expectNoTag(document, { key })
  if (document.contents === null) throw new PalError('expected a value after the =, got nothing', { key })
  return contentOf(document, { key })
}

/** YAML takes what begins with ! for a tag and nothing: an exclusion without quotes would go unnoticed. */
function expectNoTag({ warnings }: Document.Parsed, where: ErrorDetails): void {
  const tagged = warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED')
  if (!tagged) return
  const line = tagged.linePos?.[0].line
  throw new PalError(
    `expected what begins with ! in quotes, got a tag: ${tagged.message.split(' at line')[0]}`,
    {
      ...where,
      ...(line !== undefined && { line }),
      hint: "For example: trained: ['llm.*', '!llm.*.mlp.*']",
    },
  )
}

/**
 * What a document says, with aliases written out: a change where an anchor stands is none where they do.
 * @param where it stands, for messages
 */
function contentOf(document: Document.Parsed, where: ErrorDetails): unknown {
  try {
    const content: unknown = document.toJS()
    JSON.stringify(content) // What holds itself could not be written out.
    return writtenOut(content)
  } catch (cause) {
    throw new PalError(`expected YAML that can be written out: ${(cause as Error).message}`, {
      ...where,
      cause,
    })
  }
}

/** With nothing shared; unlike JSON, with numbers that are none, which are to be told as what they are. */
function writtenOut(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(writtenOut)
  if (!isSettings(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, writtenOut(part)]))
}
