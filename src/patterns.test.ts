import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matcher, uselessPattern } from './patterns.js'

const names = ['llm.0.mlp.up', 'llm.0.mlp.down', 'llm.0.norm', 'ears.mlp.up', 'ears.norm']
const fitting = (...patterns: readonly string[]) => names.filter(matcher(patterns))

test('a pattern fits a whole name, a star anything, and a point a point', () => {
  assert.deepEqual(fitting('ears.*'), ['ears.mlp.up', 'ears.norm'])
  assert.deepEqual(fitting('*.up'), ['llm.0.mlp.up', 'ears.mlp.up'])
  assert.deepEqual(fitting('llm', 'llm-0-norm', 'ears*norm'), ['ears.norm'])
  assert.deepEqual(fitting('*'), names)
})

test('what is excluded fits nothing, in whatever order', () => {
  const attention = ['llm.0.norm']
  assert.deepEqual(fitting('llm.*', '!llm.*.mlp.*'), attention)
  assert.deepEqual(fitting('!llm.*.mlp.*', 'llm.*'), attention)
  assert.deepEqual(fitting('*', '!llm.*', '!*.norm'), ['ears.mlp.up'])
  assert.deepEqual(fitting('!llm.*'), [], 'nothing is included')
})

test('a pattern that makes no difference is found', () => {
  const useless = (...patterns: readonly string[]) => uselessPattern(patterns, names)
  assert.equal(useless('llm.*', '!llm.*.mlp.*'), undefined)
  assert.equal(useless('llm.*', 'nose.*'), 'nose.*')
  assert.equal(useless('llm.*', '!ears.*'), '!ears.*', 'nothing of it was included')
  assert.equal(useless('!llm.*'), '!llm.*')
  assert.equal(useless('*', '!'), '!')
})
