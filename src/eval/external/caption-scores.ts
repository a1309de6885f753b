import { PalError } from '../../errors.js'
import { runProgram } from './run-program.js'

/** What a program is to score: an answer, held against what people have said of the same recording. */
export interface Caption {
  readonly id: string
  readonly answer: string
  readonly references: readonly string[]
}

interface ScoringOptions {
  /** The option that the program comes from, for messages. */
  readonly key: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Captions, scored by a program: it reads a line `{"id", "answer", "references"}` for each on standard input and writes a
 * line `{"id", "score"}` for each to standard output, in any order.
 * @param command a line for the shell
 * @returns the scores by id
 * @throws PalError, with what the program said, if it fails, and for lines that are anything else
 */
export async function captionScores(
  command: string,
  captions: readonly Caption[],
  { key, signal }: ScoringOptions,
): Promise<ReadonlyMap<string, number>> {
  const input = captions.map((caption) => `${JSON.stringify(caption)}\n`).join('')
  const { output, said } = await runProgram(command, input, { key, signal })
  const wrong = (message: string) =>
    new PalError(message, {
      key,
      hint: ['Whatever is no score goes to standard error.', ...(said ? [`It said:\n${said}`] : [])].join(
        '\n',
      ),
    })
  const known = new Set(captions.map(({ id }) => id))
  const scores = new Map<string, number>()
  for (const line of output.split('\n').filter((text) => text.trim() !== '')) {
    const { id, score } = parsedLine(line) ?? {}
    if (typeof id !== 'string' || typeof score !== 'number' || !Number.isFinite(score)) {
      throw wrong(`expected lines {"id": …, "score": a finite number}, got ${line.slice(0, 200)}`)
    }
    if (!known.has(id)) throw wrong(`expected scores of captions that were given, got one of "${id}"`)
    if (scores.has(id)) throw wrong(`expected one score of each caption, got two of "${id}"`)
    scores.set(id, score)
  }
  const missing = captions.find(({ id }) => !scores.has(id))
  if (!missing) return scores
  throw wrong(`expected ${captions.length} scores, got ${scores.size}, none of "${missing.id}"`)
}

/** Nothing for what is no JSON, as the NaN is not that Python writes. */
function parsedLine(line: string): { readonly id?: unknown; readonly score?: unknown } | undefined {
  try {
    return JSON.parse(line) as { id?: unknown; score?: unknown }
  } catch {
    return undefined
  }
}
