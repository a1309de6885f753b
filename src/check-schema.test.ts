import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { checkSchema, firstMistake } from './check-schema.js'

/** The first mistake of a value, after where it lies. */
function mistake(schema: z.ZodType, value: unknown): string | undefined {
  const { error } = checkSchema(schema, value)
  if (!error) return undefined
  const { path, message } = firstMistake(error)
  return [path.join('.'), message].filter(Boolean).join(': ')
}

const count = z.int().positive()
const share = z.number().min(0).max(1)

test('what zod notices is told as everything else is', () => {
  for (const [schema, value, told] of [
    [count, 'abc', 'expected a number, got "abc"'],
    [count, 1.5, 'expected a whole number, got 1.5'],
    [count, 0, 'expected a number above 0, got 0'],
    [z.number(), Number.NaN, 'expected a number, got NaN'],
    [share, -1, 'expected a number, 0 or more, got -1'],
    [share, 1.5, 'expected a number, up to 1, got 1.5'],
    [z.string(), null, 'expected text, got null'],
    [z.string(), new Uint8Array(5), 'expected text, got bytes'],
    [z.string(), 5n, 'expected text, got 5'],
    [z.string().min(1), '', 'expected text, got ""'],
    [z.string().min(2), 'x', 'expected at least 2 characters, got 1'],
    [z.string().regex(/^\w+$/), 'a b', 'expected text of the form /^\\w+$/, got "a b"'],
    [z.boolean(), 'yes', 'expected true or false, got "yes"'],
    [z.enum(['gates', 'all']), 'some', 'expected one of gates, all, got "some"'],
    [z.literal('a'), 'b', 'expected "a", got "b"'],
    [z.array(count), 'x', 'expected a list, got "x"'],
    [z.array(count).min(1), [], 'expected at least 1 entry, got none'],
    [z.array(count).length(2), [1, 2, 3], 'expected 2 entries, got 3'],
    [z.tuple([count, count]), [1], 'expected at least 2 entries, got 1'],
    [count.multipleOf(32), 5, 'expected a multiple of 32, got 5'],
    [z.object({ a: z.object({ b: count }) }), { a: {} }, 'a.b: expected a number, got none'],
    [z.object({}), [], 'expected an object, got []'],
    [z.strictObject({}), { a: 1 }, 'expected keys that are known here, got "a"'],
    [z.record(z.string().regex(/^a/), count), { b: 1 }, 'b: expected text of the form /^a/, got "b"'],
  ] as const) {
    assert.equal(mistake(schema, value), told)
  }
})

test('of several forms all are told, or what is wrong with the one that is meant', () => {
  const checkpointing = z.union([z.boolean(), z.enum(['gates', 'selective'])])
  assert.equal(mistake(checkpointing, 3), 'expected true or false or one of gates, selective, got 3')
  assert.equal(mistake(z.union([z.literal(4), z.literal(8)]), 5), 'expected 4 or 8, got 5')
  const kinds = z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('lal'), rank: count }),
    z.strictObject({ kind: z.literal('pal') }),
  ])
  assert.equal(mistake(kinds, { kind: 'lall' }), 'kind: expected one of lal, pal, got "lall"')
  assert.equal(mistake(kinds, {}), 'kind: expected one of lal, pal, got none')
  assert.equal(mistake(kinds, { kind: 'lal', rank: 'x' }), 'rank: expected a number, got "x"')
  const form = z.object({
    form: z.union([
      z.strictObject({ routes: z.record(z.string(), z.string()) }),
      z.strictObject({ summaryTokens: count, summaryLayers: count.exactOptional() }),
    ]),
  })
  const summed = { form: { summaryTokens: 3, summaryLayers: 'x' } }
  assert.equal(mistake(form, summed), 'form.summaryLayers: expected a number, got "x"')
  assert.equal(mistake(form, { form: 3 }), 'form: expected an object, got 3')
})

test('what a schema says itself stays, and zod at large keeps its words', () => {
  const named = z.string({ error: 'expected the right answer' })
  assert.equal(mistake(named, 3), 'expected the right answer')
  assert.equal(mistake(z.array(count).min(1, 'expected a layer'), []), 'expected a layer')
  assert.equal(
    mistake(z.union([z.literal(false), count], 'expected false or a count'), 'x'),
    'expected false or a count',
  )
  assert.equal(
    mistake(
      z.string().refine((text) => text !== '.', 'expected a name'),
      '.',
    ),
    'expected a name',
  )
  assert.match(z.number().safeParse('x').error?.message ?? '', /Invalid input/)
})
