import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { augmentDefaults } from '../../data/augment/augment.js'
import { packageFolder } from '../../package-folder.js'
import { dataSchema } from './data-schema.js'
import { recipeSchema } from './recipe.js'
import { sourceSchema } from './source-schema.js'
import { stageSchema } from './stage-schema.js'

test('docs/recipes.md says by how much a step of augmentation changes a sound', async () => {
  const page = await readFile(join(packageFolder(), 'docs', 'recipes.md'), 'utf8')
  for (const [name, { probability, range }] of Object.entries(augmentDefaults)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
    assert.ok(row?.endsWith(`| ${probability} | \`[${range.join(', ')}]\` |`), `${name}: ${row}`)
  }
})

test('docs/recipes.md names every key that a recipe may have', async () => {
  const page = await readFile(join(packageFolder(), 'docs', 'recipes.md'), 'utf8')
  const schemas = [
    recipeSchema.omit({ data: true, model: true, compare: true }),
    dataSchema,
    sourceSchema,
    stageSchema,
  ]
  const keys = new Set(
    schemas.flatMap((schema) => keysOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))),
  )
  assert.ok(keys.size > 60, `${keys.size} keys`)
  assert.deepEqual(
    [...keys].filter((key) => !page.includes(`\`${key}\``) && !page.includes(`\`${key}:`)),
    [],
  )
})

/** The keys of all objects within a JSON schema. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties } = schema as { readonly properties?: object }
  return [...Object.keys(properties ?? {}), ...Object.values(schema).flatMap(keysOf)]
}
