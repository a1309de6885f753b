import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tokenizerFrom } from '../text/open-tokenizer.js'
import { openGguf } from './gguf.js'
import { fixtureFolder, ggufBytes, list, type Parts, text, uint } from './gguf.test.helper.js'
import { ggufTokenizer } from './gguf-tokenizer.js'
import { writeBytes } from './weights.test.fixtures.js'

/** The parts of a tokenizer.json that a GGUF file keeps. */
interface TokenizerJson {
  readonly added_tokens: readonly {
    readonly id: number
    readonly content: string
    readonly special: boolean
  }[]
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>
    readonly merges: readonly (readonly string[])[]
  }
}

const families = [
  ['smollm2', 'smollm'],
  ['llama-3', 'llama-bpe'],
  ['qwen2', 'qwen2'],
  ['qwen3', 'qwen2'],
] as const

for (const [family, pre] of families) {
  test(`ids are those of the reference after a way through GGUF: ${family} as ${pre}`, async () => {
    const folder = fixtureFolder(join('src/text/fixtures', family))
    const json = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')) as TokenizerJson
    const expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as {
      readonly cases: readonly {
        readonly text: string
        readonly ids: number[]
        readonly specialIds?: number[]
      }[]
    }
    const tokenizer = await opened(asGguf(json, pre))
    for (const { text, ids, specialIds = ids } of expected.cases) {
      assert.deepEqual(tokenizer.encode(text, { special: true }), specialIds, JSON.stringify(text))
    }
  })
}

test('special tokens, both ends and the chat template are taken over', async () => {
  const files = ggufTokenizer(
    await write([
      ...tokens(['a', 'b', 'ab', '<bos>', '<eos>', '<eot>', '[PAD6]'], [1, 1, 1, 3, 3, 4, 5]),
      ['tokenizer.ggml.bos_token_id', uint(3)],
      ['tokenizer.ggml.eos_token_id', uint(4)],
      ['tokenizer.ggml.eot_token_id', uint(5)],
      ['tokenizer.chat_template', text('{{ messages }}')],
    ]),
  )
  assert.deepEqual(files.config, { bos_token: '<bos>', eos_token: '<eos>', chat_template: '{{ messages }}' })
  assert.deepEqual(files.generation, { eos_token_id: [4, 5] })
  const { added_tokens: added, model } = files.tokenizer as unknown as TokenizerJson
  assert.deepEqual(
    added.map(({ id, special }) => [id, special]),
    [
      [3, true],
      [4, true],
      [5, false],
    ],
  )
  assert.equal(Object.hasOwn(model.vocab, '[PAD6]'), false)
})

test('tokenizers that cannot be rebuilt are refused by file and key', async () => {
  const good = tokens(['a', 'b', 'ab'], [1, 1, 1])
  const without = (key: string) => good.filter(([name]) => name !== `tokenizer.ggml.${key}`)
  const cases: readonly (readonly [NonNullable<Parts['metadata']>, RegExp])[] = [
    [
      [...without('model'), ['tokenizer.ggml.model', text('llama')]],
      /ggml\.model: expected a byte-level tokenizer, "gpt2", got "llama"/,
    ],
    [without('model'), /tokenizer\.ggml\.model: expected text, got nothing/],
    [without('pre'), /tokenizer\.ggml\.pre: expected one of gpt-2, .* got nothing/],
    [[...without('pre'), ['tokenizer.ggml.pre', text('constructor')]], /got "constructor"/],
    [[...without('tokens'), ['tokenizer.ggml.tokens', uint(1)]], /expected a list of texts, got 1/],
    [
      [...without('token_type'), ['tokenizer.ggml.token_type', list(5, [1])]],
      /token_type: expected 3 numbers, got 1/,
    ],
    [tokens(['a', 'a'], [1, 1]), /tokenizer\.ggml\.tokens: expected each token once, got "a" as 0 and 1/],
    [
      [...without('merges'), ['tokenizer.ggml.merges', list(8, ['ab'])]],
      /two tokens and a space between, got "ab"/,
    ],
    [
      [...good, ['tokenizer.ggml.eos_token_id', uint(9)]],
      /eos_token_id: expected the id of one of the 3 tokens, got 9/,
    ],
  ]
  for (const [metadata, message] of cases) {
    const gguf = await write(metadata)
    assert.throws(() => ggufTokenizer(gguf), message)
    assert.throws(() => ggufTokenizer(gguf), /model\.gguf, tokenizer\.ggml/)
  }
})

function tokens(names: readonly string[], types: readonly number[], pre = 'smollm', merges = ['a b']) {
  return [
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text(pre)],
    ['tokenizer.ggml.tokens', list(8, names)],
    ['tokenizer.ggml.token_type', list(5, types)],
    ['tokenizer.ggml.merges', list(8, merges)],
  ] satisfies Parts['metadata']
}

/** What llama.cpp's converter makes of a tokenizer.json. */
function asGguf({ added_tokens: added, model }: TokenizerJson, pre: string): NonNullable<Parts['metadata']> {
  const names: string[] = []
  for (const [name, id] of Object.entries(model.vocab)) names[id] = name
  const types = names.map(() => 1)
  for (const { id, content, special } of added) {
    names[id] = content
    types[id] = special ? 3 : 4
  }
  return tokens(
    names,
    types,
    pre,
    model.merges.map((pair) => pair.join(' ')),
  )
}

async function write(metadata: NonNullable<Parts['metadata']>) {
  return openGguf(await writeBytes(ggufBytes({ metadata }), 'model.gguf'))
}

async function opened(metadata: NonNullable<Parts['metadata']>) {
  const gguf = await write(metadata)
  const files = { tokenizer: gguf.path, config: gguf.path, generation: gguf.path, template: gguf.path }
  return tokenizerFrom(ggufTokenizer(gguf), files)
}
