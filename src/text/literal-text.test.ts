import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../random.js'
import { literalText } from './literal-text.js'

const names = ['<|end|>', '<|end|>x', '.*', '</s>']

test('ordinary text passes unchanged', () => {
  const { hide, reveal } = literalText(names)
  for (const text of ['', 'a < b', '<|end', 'é🐕\n']) {
    assert.equal(hide(text), text)
    assert.equal(reveal(text), text)
  }
  assert.equal(literalText([]).hide('<|end|>'), '<|end|>')
})

test('whatever is written comes back, and no name is left in between', () => {
  const { hide, keep, reveal } = literalText(names)
  const random = new Random('literal', 1)
  const parts = [...names, '\u{10fffd}', '\u{100000}', '\u{100001}', '<|', 'end', '|>', 'x', '\ud83d', ' \n']
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: random.integer(8) }, () => random.pick(parts)).join('')
    const hidden = hide(text)
    assert.equal(reveal(hidden), text)
    assert.equal(reveal(keep(text)), text)
    for (const name of names) assert.ok(!hidden.includes(name))
  }
})
