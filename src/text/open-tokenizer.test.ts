import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTokenizer } from './open-tokenizer.js'
import { openExample, temporaryFolder, vocabularySize, writeExampleTokenizer } from './text.test.fixtures.js'
import { cases, conversation } from './tokenizer-reference.test.fixtures.js'

test('ids equal those of the Hugging Face libraries, special tokens parsed or not', async () => {
  const tokenizer = await openExample()
  for (const { text, ids, specialIds = ids } of cases) {
    assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text))
    assert.deepEqual(tokenizer.encode(text, { special: true }), specialIds, JSON.stringify(text))
  }
})

test('single digits, which many models use, are cut as the reference cuts them', async () => {
  const folder = await temporaryFolder()
  await writeExampleTokenizer(folder)
  const file = join(folder, 'tokenizer.json')
  const json = JSON.parse(await readFile(file, 'utf8')) as { pre_tokenizer: unknown }
  const digits = { type: 'Digits', individual_digits: true }
  json.pre_tokenizer = { type: 'Sequence', pretokenizers: [digits, json.pre_tokenizer] }
  await writeFile(file, JSON.stringify(json))
  const tokenizer = await openTokenizer(folder)
  assert.ok(cases.some(({ digitIds }) => digitIds))
  for (const { text, ids, specialIds = ids, digitIds = specialIds } of cases) {
    assert.deepEqual(tokenizer.encode(text, { special: true }), digitIds, JSON.stringify(text))
  }
})

test('a conversation has the ids that transformers gives it', async () => {
  const tokenizer = await openExample()
  const { messages, ids, promptIds, eosId, size } = conversation
  assert.deepEqual(tokenizer.chat(messages, { addGenerationPrompt: false }).ids, ids)
  assert.deepEqual(tokenizer.chat(messages.slice(0, -1), { addGenerationPrompt: true }).ids, promptIds)
  assert.deepEqual(tokenizer.endIds, [eosId])
  assert.equal(tokenizer.vocabularySize, size)
  assert.equal(tokenizer.vocabularySize, vocabularySize)
})

test('every text comes back as it was, special names and private characters too', async () => {
  const tokenizer = await openExample()
  for (const { text } of cases) assert.equal(tokenizer.decode(tokenizer.encode(text)), text)
})

test('special tokens are left out of decoded text, unless they are asked for', async () => {
  const tokenizer = await openExample()
  assert.equal(tokenizer.decode(tokenizer.encode('a<|end|><|user|>b', { special: true })), 'ab')
  assert.equal(tokenizer.decode(tokenizer.encode('<|end|>', { special: true })), '')
  assert.equal(tokenizer.decode([]), '')
  const whole = '<|user|>a b<|end|>'
  assert.equal(tokenizer.decode(tokenizer.encode(whole, { special: true }), { special: true }), whole)
  assert.throws(() => tokenizer.decode([420]), /tokenizer\.json: .*up to 419, got 420/)
  assert.equal(tokenizer.idOf('<|end|>'), 3)
  assert.equal(tokenizer.idOf('no such token'), undefined)
})

test('end tokens come from both configurations, also written as objects', async () => {
  const config = JSON.stringify({ eos_token: { content: '<|end|>', lstrip: false } })
  const generation = JSON.stringify({ eos_token_id: [1, 3] })
  const tokenizer = await openExample({
    'tokenizer_config.json': config,
    'generation_config.json': generation,
  })
  assert.deepEqual(tokenizer.endIds, [1, 3])
  await assert.rejects(
    openExample({ 'tokenizer_config.json': '{"eos_token": "</s>"}' }),
    /eos_token: expected a token of the vocabulary, got "<\/s>"/,
  )
  await assert.rejects(
    openExample({ 'generation_config.json': '{"eos_token_id": "3"}' }),
    /generation_config\.json, eos_token_id: /,
  )
})

test('an end token that is not marked as special cannot be written in text either', async () => {
  const folder = await temporaryFolder()
  await writeExampleTokenizer(folder)
  const file = join(folder, 'tokenizer.json')
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('"special":true', '"special":false'))
  const tokenizer = await openTokenizer(folder)
  assert.ok(!tokenizer.encode('a<|end|>').includes(3))
  assert.equal(tokenizer.decode(tokenizer.encode('a<|end|>', { special: true })), 'a')
})

test('the template is taken from its own file first, then from the configuration by name', async () => {
  const own = await openExample({ 'chat_template.jinja': '{{ messages[0].content }}{{ eos_token }}' })
  const user = [{ role: 'user', content: 'a' }] as const
  assert.deepEqual(
    own.chat(user, { addGenerationPrompt: false }).ids,
    own.encode('a<|end|>', { special: true }),
  )
  const listed = await openExample({
    'tokenizer_config.json': JSON.stringify({
      chat_template: [
        { name: 'tools', template: 'x' },
        { name: 'default', template: 'y' },
      ],
    }),
  })
  assert.deepEqual(listed.chat(user, { addGenerationPrompt: false }).ids, listed.encode('y'))
  const none = await openExample({ 'tokenizer_config.json': '{}' })
  assert.throws(() => none.chat(user, { addGenerationPrompt: true }), /chat_template: .*got none/)
})

test('missing and malformed files are named', async () => {
  const folder = await temporaryFolder()
  await assert.rejects(openTokenizer(folder), /tokenizer\.json: .*no such file/)
  await writeExampleTokenizer(folder)
  await writeFile(join(folder, 'tokenizer.json'), '{"model": ')
  await assert.rejects(openTokenizer(folder), /tokenizer\.json: expected JSON/)
  await writeFile(join(folder, 'tokenizer.json'), '{"model": {}, "added_tokens": [{"id": -1}]}')
  await assert.rejects(openTokenizer(folder), /tokenizer\.json, added_tokens\.0\.id: /)
  await writeFile(join(folder, 'tokenizer.json'), '{"model": {}, "added_tokens": []}')
  await assert.rejects(openTokenizer(folder), /tokenizer\.json: expected a tokenizer that can be opened/)
})
