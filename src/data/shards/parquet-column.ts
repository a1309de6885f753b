import type { parquetSchema } from 'hyparquet'

/** A node of a parquet file's schema. */
export type SchemaNode = ReturnType<typeof parquetSchema>

/** A column of a parquet file. */
export interface Column {
  readonly name: string
  /** How audio may stand in it, by its type: one a row, several, or not at all. A text may be a path. */
  readonly audio: 'one' | 'several' | 'path' | undefined
  /** Whether `datasets` says that it is audio; an image has the same type. */
  readonly isAudio: boolean
  /** What the numbers in it stand for: the names of a ClassLabel. */
  readonly labels?: readonly string[]
  /** For messages. */
  readonly type: string
}

/**
 * What a column can hold, by its type and by what `datasets` says of it (`features/audio.py`: audio is a struct of
 * `bytes` and `path`; `features/features.py`: a ClassLabel is a number, its names are in the metadata).
 *
 * @param features by the columns' names, from the file's metadata
 */
export function columnOf(node: SchemaNode, features: Readonly<Record<string, unknown>>): Column {
  const { name } = node.element
  const labels = labelsIn(features[name])
  const isAudio = isAudioFeature(features[name])
  return { name, audio: audioIn(node), isAudio, type: typeOf(node), ...(labels && { labels }) }
}

function audioIn(node: SchemaNode): Column['audio'] {
  if (isText(node)) return 'path'
  if (holdsAudio(node)) return 'one'
  const element = elementOf(node)
  return element && holdsAudio(element) ? 'several' : undefined
}

function holdsAudio(node: SchemaNode): boolean {
  if (node.children.length === 0) return node.element.type === 'BYTE_ARRAY' && !isText(node)
  const names = node.children
    .filter(({ children }) => children.length === 0)
    .map(({ element }) => element.name)
  return names.includes('bytes') && names.includes('path')
}

function isText({ element, children }: SchemaNode): boolean {
  const { type, converted_type, logical_type } = element
  const kind = logical_type?.type ?? converted_type
  return children.length === 0 && type === 'BYTE_ARRAY' && (kind === 'STRING' || kind === 'UTF8')
}

/** What a list is of; undefined for what is no list. */
function elementOf({ element, children }: SchemaNode): SchemaNode | undefined {
  const isList = (element.logical_type?.type ?? element.converted_type) === 'LIST'
  return isList ? children[0]?.children[0] : undefined
}

function typeOf(node: SchemaNode): string {
  const element = elementOf(node)
  if (element) return `a list of ${typeOf(element)}`
  if (node.children.length > 0) return `{${node.children.map((child) => child.element.name).join(', ')}}`
  return isText(node) ? 'text' : (node.element.type ?? 'nothing')
}

/** Of one audio, or of a list of them: `{"_type": "List", "feature": …}`, before datasets 4 `[…]`. */
function isAudioFeature(feature: unknown): boolean {
  if (Array.isArray(feature)) return isAudioFeature(feature[0])
  const { _type, feature: element } = (feature ?? {}) as { _type?: unknown; feature?: unknown }
  return _type === 'Audio' || (element !== undefined && isAudioFeature(element))
}

function labelsIn(feature: unknown): readonly string[] | undefined {
  const { _type, names } = (feature ?? {}) as { _type?: unknown; names?: unknown }
  if (_type !== 'ClassLabel' || !Array.isArray(names)) return undefined
  return names.map(String)
}
