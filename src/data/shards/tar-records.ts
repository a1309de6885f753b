import { basename, parse } from 'node:path'
import { PalError } from '../../errors.js'
import { mistakeAt } from '../place.js'
import type { StoredAudio } from '../stored-audio.js'
import { readPart } from './file-range.js'
import { splitOfShard } from './shard-files.js'
import type { ShardRecord } from './shard-record.js'
import { type TarMember, tarMembers } from './tar-members.js'

/**
 * The samples of a WebDataset shard: neighbouring members whose names are alike up to the first dot
 * (github.com/webdataset/webdataset, `tariterators.py`: `base_plus_ext`, `group_by_keys`). Texts are read at once,
 * audio when it is opened, each from its place in the archive.
 * @param name what ids begin with
 * @throws PalError for a shard that cannot be read, for members of one sample that are apart or twice there
 */
export async function* tarRecords(file: string, name = parse(file).name): AsyncGenerator<ShardRecord> {
  for await (const sample of samples(file)) yield recordOf(sample, file, name)
}

interface Sample {
  readonly key: string
  /** By what stands after the name's first dot. */
  readonly members: Map<string, TarMember>
}

async function* samples(file: string): AsyncGenerator<Sample> {
  const before = new Set<string>()
  let sample: Sample | undefined
  for await (const member of tarMembers(file)) {
    const base = basename(member.name)
    // As webdataset does: what an archiver or a file manager left beside the samples is none of them.
    if (base.startsWith('.') || base.startsWith('__')) continue
    const dot = member.name.length - base.length + base.indexOf('.')
    if (!base.includes('.')) {
      throw new PalError('expected a member named KEY.EXTENSION, got one without an extension', {
        file,
        key: member.name,
      })
    }
    const key = member.name.slice(0, dot)
    const extension = member.name.slice(dot + 1).toLowerCase()
    if (sample?.key !== key) {
      if (sample) yield sample
      if (before.has(key)) {
        throw new PalError('expected the members of a sample side by side, got one further on', {
          file,
          key: member.name,
          hint: 'Write the shard sorted by name: tar --sort=name.',
        })
      }
      before.add(key)
      sample = { key, members: new Map() }
    }
    if (sample.members.has(extension))
      throw new PalError('expected one member of that name, got two', { file, key: member.name })
    sample.members.set(extension, member)
  }
  if (sample) yield sample
}

const AUDIO: ReadonlySet<string> = new Set(['wav', 'flac', 'mp3', 'ogg', 'oga', 'opus', 'm4a', 'mp4', 'aac'])
const TEXT: ReadonlySet<string> = new Set(['json', 'txt', 'cls'])
/** What says the label, if there are several, in this order. */
const LABELS = ['cls', 'label', 'txt'] as const

async function recordOf({ key, members }: Sample, file: string, name: string): Promise<ShardRecord> {
  const place = { file, part: key }
  const texts: Record<string, unknown> = {}
  const names: Record<string, string> = {}
  const audios = new Map<string, StoredAudio>()
  for (const [extension, member] of members) {
    const kind = extension.slice(extension.lastIndexOf('.') + 1)
    if (TEXT.has(kind)) texts[extension] = await readText(member, kind, file)
    if (!AUDIO.has(kind)) continue
    names[extension] = extension
    const audio = audioMember(member, file)
    // A sample's JSON may call its audio by the extension, the name or the path in the archive.
    for (const name of [extension, basename(member.name), member.name]) audios.set(name, audio)
  }
  const { json = {}, ...others } = texts
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new PalError('expected a JSON object', mistakeAt({ file, part: `${key}.json` }))
  }
  const extensions = Object.keys(names)
  const single = extensions.length === 1 ? { audio: extensions[0] } : {}
  const fields: Record<string, unknown> = { audios: extensions, ...others, ...json, ...names, ...single }
  const labelField = LABELS.find((name) => name in fields)
  const id = `${name}:${key}`
  return { place, id, split: splitOfShard(file), fields, audios, ...(labelField && { labelField }) }
}

function audioMember({ name, offset, size }: TarMember, file: string): StoredAudio {
  return { name: `${file}, ${name}`, open: () => readPart(file, offset, size) }
}

/** A text longer than this is none. */
const LONGEST_TEXT = 1 << 24

async function readText({ name, offset, size }: TarMember, kind: string, file: string): Promise<unknown> {
  if (size > LONGEST_TEXT)
    throw new PalError(`expected a text of at most ${LONGEST_TEXT} bytes, got ${size}`, { file, key: name })
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readPart(file, offset, size))
    return kind === 'json' ? JSON.parse(text) : text.trim()
  } catch (cause) {
    if (cause instanceof PalError) throw cause
    throw new PalError(
      `expected ${kind === 'json' ? 'JSON' : 'text in UTF-8'}: ${(cause as Error).message}`,
      {
        file,
        key: name,
        cause,
      },
    )
  }
}
