import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTokenizer } from './open-tokenizer.js'
import { temporaryFolder } from './text.test.fixtures.js'
import { writeTokenizer } from './tokenizer-json.js'
import { trainTokenizer } from './train-tokenizer.js'

const trained = trainTokenizer(['ab ab'], { vocabularySize: 258, specialTokens: ['<|end|>'] })

test('a folder that does not exist yet is made, and the tokenizer in it opens', async () => {
  const folder = join(await temporaryFolder(), 'new', 'model')
  await writeTokenizer(folder, trained, { chatTemplate: 'x', endToken: '<|end|>' })
  assert.deepEqual(JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')), trained)
  const tokenizer = await openTokenizer(folder)
  assert.deepEqual(tokenizer.encode('abab'), [257, 257])
  assert.deepEqual(tokenizer.endIds, [0])
})

test('the end token has to be a special token', async () => {
  const folder = await temporaryFolder()
  await assert.rejects(
    writeTokenizer(folder, trained, { chatTemplate: 'x', endToken: '</s>' }),
    /endToken: expected one of the special tokens \(<\|end\|>\), got "<\/s>"/,
  )
})
