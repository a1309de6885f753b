import type { z } from 'zod'
import { type ErrorDetails, PalError } from './errors.js'
import { quoted } from './quoted.js'

/**
 * What a schema makes of a value, as `safeParse` gives it, but with mistakes worded as all others are: `expected a number, got
 * "abc"`. What a schema says itself stays. Not set for all of zod, since a program that uses us may have words of its own.
 */
export function checkSchema<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  return schema.safeParse(value, { error: wording })
}

/**
 * A value as the schema has it.
 * @param details where the value stands
 * @throws PalError naming the key of the first thing that is another than the schema has it
 */
export function expectShape<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  details: ErrorDetails,
): z.output<Schema> {
  const { data, error } = checkSchema(schema, value)
  if (!error) return data
  const { message, path } = firstMistake(error)
  throw new PalError(message, { ...details, ...(path.length > 0 && { key: path.join('.') }) })
}

/** What is wrong, and where. */
interface SchemaMistake {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** The first of the mistakes that `checkSchema` has found. */
export function firstMistake({ issues }: z.core.$ZodError): SchemaMistake {
  return mistakeOf(issues[0] as z.core.$ZodIssue)
}

/**
 * A mistake where it lies: of a value that is of none of several forms it is that of the form which is meant, the one that
 * fits furthest into the value.
 */
export function mistakeOf(issue: z.core.$ZodIssue): SchemaMistake {
  if (issue.code !== 'invalid_union' || issue.message !== OTHER_FORM) return issue
  const forms = issue.errors.filter((form) => form.length > 0)
  const [meant] = forms.sort((a, b) => depthOf(b) - depthOf(a) || a.length - b.length)
  const mistake = meant && mistakeOf(meant[0] as z.core.$ZodIssue)
  return mistake ? { path: [...issue.path, ...mistake.path], message: mistake.message } : issue
}

function depthOf([first]: readonly z.core.$ZodIssue[]): number {
  return first?.path.length ?? 0
}

const OTHER_FORM = 'expected another form'

/** Words for whatever zod notices by itself. */
function wording(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return expected(TYPES[issue.expected] ?? issue.expected, issue.input)
    case 'invalid_value':
      return expected(oneOf(issue.values), issue.input)
    case 'too_small':
    case 'too_big':
      return ofSize(issue)
    case 'not_multiple_of':
      return expected(`a multiple of ${issue.divisor}`, issue.input)
    case 'invalid_format':
      return expected(`text of the form ${issue.pattern ?? issue.format}`, issue.input)
    case 'unrecognized_keys':
      return `expected keys that are known here, got ${issue.keys.map((key) => `"${key}"`).join(', ')}`
    case 'invalid_union':
      return ofUnion(issue)
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues[0]?.message ?? expected('another one', issue.input)
    default:
      return expected('something else', issue.input)
  }
}

function expected(what: string, got: unknown): string {
  return `expected ${what}${butGot(got)}`
}

function butGot(input: unknown): string {
  if (input === undefined) return ', got none'
  if (input instanceof Uint8Array) return ', got bytes'
  // JSON has no NaN and no Infinity.
  return `, got ${typeof input === 'number' ? input : quoted(input)}`
}

const TYPES: Readonly<Record<string, string>> = {
  ...{ string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false' },
  ...{ array: 'a list', tuple: 'a list', object: 'an object', record: 'an object' },
}

function oneOf(values: readonly unknown[]): string {
  const [first] = values
  if (values.length === 1) return typeof first === 'string' ? `"${first}"` : String(first)
  return `one of ${values.map(String).join(', ')}`
}

type SizeIssue = z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig>

/** Of a number, or of the length of a text or a list. */
function ofSize(issue: SizeIssue): string {
  const { origin, input, exact, inclusive } = issue
  const small = issue.code === 'too_small'
  const bound = small ? issue.minimum : issue.maximum
  if (origin !== 'string' && origin !== 'array') {
    const reach = small
      ? inclusive
        ? `${bound} or more`
        : `above ${bound}`
      : `${inclusive ? 'up to' : 'below'} ${bound}`
    return expected(`a number${inclusive ? ',' : ''} ${reach}`, input)
  }
  if (origin === 'string' && small && bound === 1) return expected('text', input)
  const amount = exact ? '' : small ? 'at least ' : 'at most '
  const unit = origin === 'array' ? (bound === 1 ? 'entry' : 'entries') : 'characters'
  const { length } = input as { readonly length: number }
  return `expected ${amount}${bound} ${unit}, got ${length === 0 ? 'none' : length}`
}

type NoMatch = Extract<z.core.$ZodIssueInvalidUnion, { readonly options?: unknown }>

/** Values that are of no form are told by what the forms are, unless a form fits at the outside: see `mistakeOf`. */
function ofUnion(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  const { input, errors } = issue
  const { options, discriminator } = issue as z.core.$ZodRawIssue<NoMatch>
  if (options && discriminator !== undefined) {
    return expected(oneOf(options), (input as Record<string, unknown>)[discriminator])
  }
  const end = butGot(input)
  const forms = errors.map(([first]) => {
    const { path = [], message = '' } = first ?? {}
    return path.length === 0 && message.startsWith('expected ') && message.endsWith(end)
      ? message.slice('expected '.length, -end.length)
      : undefined
  })
  return forms.includes(undefined) ? OTHER_FORM : `expected ${[...new Set(forms)].join(' or ')}${end}`
}
