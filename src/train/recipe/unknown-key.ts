import { z } from 'zod'
import { nearest } from '../../text/nearest.js'

export interface UnknownKey {
  /** Of the key itself. */
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly hint?: string
}

/**
 * The first key that a schema does not know, if there is one. A key that is misspelt is missing as well, and that it is
 * missing may be what a schema notices first.
 * @param settings what was checked
 */
export function unknownKey(
  issues: readonly z.core.$ZodIssue[],
  schema: z.ZodType,
  settings: unknown,
): UnknownKey | undefined {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const all = flat(issues)
  for (const issue of all) {
    if (issue.code !== 'unrecognized_keys') continue
    const known = keysAt(json, issue.path, settings)
    const key = issue.keys.find((one) => !known.includes(one))
    if (key === undefined) continue
    const beside = Object.keys(issue.path.reduce(settingAt, settings) as object)
    const others = beside.filter((one) => !issue.keys.includes(one))
    const meant = nearest(key, [...known, ...others, ...missingAt(all, issue.path)])
    return {
      path: [...issue.path, key],
      message: `expected ${known.length > 0 ? `one of ${known.join(', ')}` : 'a key that is known here'}, got "${key}"`,
      ...(meant !== undefined && { hint: `Did you mean "${meant}"?` }),
    }
  }
  return undefined
}

/** With what each form of a union says of settings that are of none of them. */
function flat(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const within = issues.flatMap((issue) =>
    issue.code === 'invalid_union'
      ? flat(issue.errors.flat().map((one) => ({ ...one, path: [...issue.path, ...one.path] })))
      : [],
  )
  return [...issues, ...within]
}

type JsonSchema = z.core.JSONSchema.BaseSchema

/** The keys that a schema has at a path, of several forms those of the one that the settings there are of. */
function keysAt(schema: JsonSchema, path: readonly PropertyKey[], settings: unknown): readonly string[] {
  const forms = formsOf(schema, settings)
  const [part, ...rest] = path
  if (part === undefined) {
    return [...new Set(forms.flatMap(({ properties = {} }) => Object.keys(properties)))]
  }
  const within = forms.flatMap(({ properties = {}, additionalProperties, items }) =>
    [properties[String(part)] ?? additionalProperties ?? items].flat().filter(isSchema),
  )
  return within.flatMap((one) => keysAt(one, rest, settingAt(settings, part)))
}

/** What is told apart by one key, such as `kind`, is of one form; of anything else it may be any. */
function formsOf(schema: JsonSchema, settings: unknown): readonly JsonSchema[] {
  const forms = (schema.oneOf ?? schema.anyOf ?? []).filter(isSchema)
  if (forms.length === 0) return [schema]
  const fitting = forms.filter(({ properties = {} }) =>
    Object.entries(properties).every(
      ([key, one]) => !isSchema(one) || one.const === undefined || one.const === settingAt(settings, key),
    ),
  )
  return fitting.flatMap((form) => formsOf(form, settings))
}

function isSchema(part: unknown): part is JsonSchema {
  return typeof part === 'object' && part !== null
}

function settingAt(settings: unknown, key: PropertyKey): unknown {
  return typeof settings === 'object' && settings !== null && Object.hasOwn(settings, key)
    ? (settings as Record<PropertyKey, unknown>)[key]
    : undefined
}

/** Keys that are asked for at a path and not there. */
function missingAt(issues: readonly z.core.$ZodIssue[], path: readonly PropertyKey[]): readonly string[] {
  return issues
    .filter(
      (issue) => issue.path.length === path.length + 1 && path.every((part, i) => issue.path[i] === part),
    )
    .map((issue) => String(issue.path.at(-1)))
}
