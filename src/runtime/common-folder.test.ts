import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { commonFolder } from './common-folder.js'

test('the innermost folder that holds all files', () => {
  const common = (...files: readonly string[]) => commonFolder(files)
  assert.equal(common(), undefined)
  assert.equal(common('/a/b/x'), resolve('/a/b'))
  assert.equal(common('/a/b/x', '/a/b/y'), resolve('/a/b'))
  assert.equal(common('/a/b/x', '/a/b/c/y', '/a/b/cd/z'), resolve('/a/b'))
  assert.equal(common('/a/b/x', '/a/..b/y'), resolve('/a'))
  assert.equal(common('/a/x', '/c/d/y'), resolve('/'))
  assert.equal(common('x', 'y/z'), resolve('.'))
})
