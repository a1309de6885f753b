import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ChatMessage, ChatTokenizer } from './chat.js'
import { openTokenizer } from './open-tokenizer.js'
import { chatRenderer } from './render-chat.js'

/** What reference/tokenizer_families.py has written. */
interface Expected {
  readonly cases: readonly { readonly text: string; readonly ids: number[]; readonly specialIds?: number[] }[]
  readonly chats: readonly {
    readonly messages: readonly ChatMessage[]
    readonly addGenerationPrompt: boolean
    readonly text: string
    readonly ids: number[]
  }[]
}

for (const family of ['llama-3', 'qwen2', 'qwen3', 'smollm2', 'llama-2', 'gemma']) {
  describe(`a tokenizer in the manner of ${family}`, () => {
    const folder = fixture(family)
    let tokenizer: ChatTokenizer
    let expected: Expected
    before(async () => {
      tokenizer = await openTokenizer(folder)
      expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as Expected
    })

    test('ids are those of the reference, names of special tokens being text', () => {
      for (const { text, ids } of expected.cases)
        assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text))
    })

    test('and where they are special', () => {
      for (const { text, ids, specialIds = ids } of expected.cases) {
        assert.deepEqual(tokenizer.encode(text, { special: true }), specialIds, JSON.stringify(text))
      }
    })

    test('conversations are laid out as the reference does it', async () => {
      const render = await renderer(folder)
      for (const { messages, addGenerationPrompt, text } of expected.chats) {
        assert.equal(undated(render(messages, addGenerationPrompt)), undated(text))
      }
    })

    test('and so are their ids', async () => {
      const render = await renderer(folder)
      for (const { messages, addGenerationPrompt, text, ids } of expected.chats) {
        const dated = () => tokenizer.encode(render(messages, addGenerationPrompt), { special: true })
        const wanted = text === undated(text) ? ids : dated()
        assert.deepEqual(tokenizer.chat(messages, { addGenerationPrompt }).ids, wanted, text)
      }
    })
  })
}

/** Llama 3 is told the date. */
function undated(text: string): string {
  return text.replace(/Today Date: \d\d \w{3} \d{4}/, 'Today Date: today')
}

async function renderer(folder: string) {
  const source = await readFile(join(folder, 'chat_template.jinja'), 'utf8')
  const config = JSON.parse(await readFile(join(folder, 'tokenizer_config.json'), 'utf8')) as object
  return chatRenderer({ file: folder, source, variables: { ...config } })
}

/** The compiler does not copy fixtures, so they are found from the package's root. */
function fixture(name: string): string {
  const path = join('src/text/fixtures', name)
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, path))) folder = dirname(folder)
  return join(folder, path)
}
