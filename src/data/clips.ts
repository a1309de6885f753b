import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import { PalError } from '../errors.js'

/** What a clip is a recording of. Digits and drums are single events and can be counted; sounds cannot. */
export type ClipKind = 'sound' | 'digit' | 'drum'

/** A CSV of labelled recordings: which of its columns say what. */
export interface ClipSet {
  readonly name: string
  /** Relative to the root given to `readClips`; the audio paths in it are relative to the CSV's own folder. */
  readonly csv: string
  readonly audio: string
  readonly label: string
  /** The column to split by: fold, speaker, kit. Clips of one group never lie on both sides of a split. */
  readonly group: string
  readonly kind: ClipKind
  /** New names for labels of the CSV. Labels not named here keep theirs; digits 0…9 become words by themselves. */
  readonly labels?: Readonly<Record<string, string>>
}

/** One labelled recording, `path` absolute, `line` its line in the CSV. */
export interface Clip {
  readonly path: string
  readonly label: string
  readonly kind: ClipKind
  readonly group: string
  readonly set: string
  readonly csv: string
  readonly line: number
}

/** The spoken digits' labels: `digitWords[3]` is "three". */
export const digitWords = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
] as const

/**
 * The clips of a set, in the CSV's order. Audio is not opened.
 * @throws PalError naming the CSV's line and column for a column that is absent or a value that is empty.
 */
export async function readClips(set: ClipSet, root: string): Promise<Clip[]> {
  const csv = resolve(root, set.csv)
  const rows = parseCsv(await readText(csv), csv)
  const first = rows[0]
  if (!first) throw new PalError('expected at least one clip below the header, got none', { file: csv })
  for (const column of [set.audio, set.label, set.group]) {
    if (column in first.record) continue
    throw new PalError(`expected a column "${column}", got ${Object.keys(first.record).join(', ')}`, {
      file: csv,
      line: 1,
      key: column,
      hint: `Name the columns of set "${set.name}" as the CSV does.`,
    })
  }
  return rows.map(({ record, line }) => {
    const field = (column: string) => {
      const value = record[column]?.trim()
      if (value) return value
      throw new PalError('expected a value, got an empty field', { file: csv, line, key: column })
    }
    const raw = field(set.label)
    return {
      path: resolve(dirname(csv), field(set.audio)),
      label: set.labels?.[raw] ?? (set.kind === 'digit' ? digitLabel(raw, csv, line, set.label) : raw),
      kind: set.kind,
      group: field(set.group),
      set: set.name,
      csv,
      line,
    }
  })
}

/**
 * The clips whose group is among `groups` (all when absent) and not among `except`.
 * @throws PalError for a group that no clip has, and when nothing is left: a misspelt speaker must not
 * quietly end up in training.
 */
export function selectClips(
  clips: readonly Clip[],
  { groups, except = [] }: { readonly groups?: readonly string[]; readonly except?: readonly string[] },
): Clip[] {
  const known = new Set(clips.map((clip) => clip.group))
  for (const group of [...(groups ?? []), ...except]) {
    if (known.has(group)) continue
    throw new PalError(`expected a group of the clips (${[...known].join(', ')}), got "${group}"`, {
      key: groups?.includes(group) ? 'groups' : 'except',
    })
  }
  const selected = clips.filter(
    (clip) => (groups === undefined || groups.includes(clip.group)) && !except.includes(clip.group),
  )
  if (selected.length === 0) {
    throw new PalError('expected the groups to leave at least one clip, got none', {
      hint: `The clips' groups are: ${[...known].join(', ')}.`,
    })
  }
  return selected
}

function digitLabel(raw: string, file: string, line: number, key: string): string {
  const word = /^\d$/.test(raw)
    ? digitWords[Number(raw)]
    : digitWords.find((name) => name === raw.toLowerCase())
  if (word) return word
  throw new PalError(`expected a digit, 0 to 9 or "zero" to "nine", got "${raw}"`, { file, line, key })
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new PalError('expected a CSV file that can be read', { file, cause })
  }
}

interface Row {
  readonly record: Readonly<Record<string, string>>
  readonly line: number
}

function parseCsv(text: string, file: string): Row[] {
  try {
    const rows = parse(text, { bom: true, columns: true, info: true, skip_empty_lines: true }) as unknown as {
      record: Record<string, string>
      info: { lines: number }
    }[]
    return rows.map(({ record, info }) => ({ record, line: info.lines }))
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    const line = typeof cause.lines === 'number' ? { line: cause.lines } : {}
    throw new PalError(`expected well-formed CSV: ${cause.message}`, { file, ...line, cause })
  }
}
