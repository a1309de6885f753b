import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Recipe } from '../train/recipe/recipe.js'
import { comparedByDefault, displayName, settingNamed } from './plan.js'

const unified = { kind: 'pal', form: { summaryTokens: 4 } } as const
const plain = { model: { integration: unified } } as unknown as Recipe
const listing = {
  ...plain,
  compare: { lal: {}, 'lal-from-4': { integration: { kind: 'lal', layers: { from: 4 } } } },
} as Recipe

test('without a list, PLITS, LAL and the PAL of the recipe are compared', () => {
  assert.deepEqual(comparedByDefault(plain), ['plits', 'lal', 'pal'])
  assert.deepEqual(settingNamed('lal', plain), { integration: { kind: 'lal' } })
  assert.deepEqual(settingNamed('pal', plain), { integration: unified })
})

test("a recipe's list goes before the usual settings", () => {
  assert.deepEqual(comparedByDefault(listing), ['lal', 'lal-from-4'])
  assert.deepEqual(settingNamed('lal-from-4', listing), {
    integration: { kind: 'lal', layers: { from: 4 } },
  })
  assert.throws(() => settingNamed('lal-own', listing), /expected lal, lal-from-4, plits, .* got "lal-own"/)
})

test('names are written as the paper writes them', () => {
  assert.deepEqual(['plits', 'lal-from-4', 'pal-routed', 'flamingo', 'mine'].map(displayName), [
    'PLITS',
    'LAL from 4',
    'PAL routed',
    'Flamingo',
    'mine',
  ])
})
