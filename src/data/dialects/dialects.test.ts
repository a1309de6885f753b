import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeWav } from '../../audio/write-wav.js'
import { folder, rate, tone } from '../audio.test.fixtures.js'
import { readManifest, readQuestions } from '../manifests/manifest.js'
import { dialects } from './index.js'

const at = await folder()
const question = { role: 'user', content: '<audio>What is it?' }
const answer = { role: 'assistant', content: 'A dog.' }

async function manifest(...rows: readonly object[]): Promise<string> {
  const path = join(at, 'rows.jsonl')
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'))
  return path
}

/** The row as everything else reads it, audio by its name within the folder. */
async function normalized(row: object) {
  const [example] = await readManifest(await manifest(row))
  const { id, messages, audios, task, choices } = example!
  const names = audios.map(({ name }) => name.replace(`${at}/`, ''))
  return {
    ...{ id, messages, audios: names },
    ...(task !== undefined && { task }),
    ...(choices && { choices }),
  }
}

const plain = { id: '1', messages: [question, answer], audios: ['a.wav'] }
const refused = async (row: object, message: RegExp) =>
  assert.rejects(readManifest(await manifest(row)), message)

test('the example of each dialect is in that dialect', () => {
  for (const dialect of dialects) {
    const [row] = dialect.example.split(', or ') as [string]
    const value = JSON.parse(row.replace('UklGR…', 'UklGRg==')) as object
    assert.equal(
      dialects.find(({ detects }) => detects(value)),
      dialect,
      dialect.name,
    )
    const { messages, audios } = dialect.schema.parse(value)
    assert.deepEqual([messages.at(-1)?.role, audios.length], ['assistant', 1], dialect.name)
  }
})

test('OpenAI: parts with the sound itself, which is one sound wherever it stands', async () => {
  const wav = encodeWav(tone(0.1), rate)
  const part = {
    type: 'input_audio',
    input_audio: { data: Buffer.from(wav).toString('base64'), format: 'wav' },
  }
  const user = { role: 'user', content: [part, { type: 'text', text: 'What is it?' }] }
  const row = { messages: [{ role: 'developer', content: 'Listen.' }, user, answer] }
  const [first, second] = await readManifest(await manifest(row, row))
  assert.deepEqual(first?.messages, [{ role: 'system', content: 'Listen.' }, question, answer])
  assert.deepEqual(await first?.audios[0]?.open(), Buffer.from(wav))
  assert.equal(first?.audios[0]?.name, second?.audios[0]?.name)
  const url = { type: 'audio_url', audio_url: { url: `data:audio/wav;base64,${part.input_audio.data}` } }
  const [third] = await readManifest(await manifest({ messages: [{ ...user, content: [url] }, answer] }))
  assert.deepEqual(await third?.audios[0]?.open(), Buffer.from(wav))

  const wrong = { ...part, input_audio: { data: '(not base64)' } }
  await refused(
    { messages: [{ ...user, content: [wrong] }, answer] },
    /:1, messages\.0\.content.*: expected audio as base64/,
  )
  const image = { type: 'image_url', image_url: {} }
  await refused(
    { messages: [{ ...user, content: [image] }, answer] },
    /:1, messages\.0\.content.*type text, audio/,
  )
})

test('Qwen, Transformers, vLLM and TRL: parts that name the audio, here or in the row', async () => {
  const text = { type: 'text', text: 'What is it?' }
  const parts: readonly object[] = [
    { type: 'audio', audio_url: 'a.wav' },
    { type: 'audio', audio: 'a.wav' },
    { type: 'audio', path: 'a.wav', url: null },
    { type: 'audio_url', audio_url: { url: `file://${at}/a.wav` } },
  ]
  for (const part of parts) {
    const row = { messages: [{ role: 'user', content: [part, text] }, answer] }
    assert.deepEqual(await normalized(row), plain)
  }
  const listed = {
    messages: [{ role: 'user', content: [{ type: 'audio' }, text] }, answer],
    audios: ['a.wav'],
  }
  assert.deepEqual(await normalized(listed), plain)
  const both = [{ type: 'audio' }, { type: 'audio', path: 'b.wav' }, { type: 'text', text: ' or <audio>?' }]
  assert.deepEqual(
    await normalized({ messages: [{ role: 'user', content: both }, answer], audios: ['a.wav', 'c.wav'] }),
    {
      ...{ id: '1', audios: ['a.wav', 'b.wav', 'c.wav'] },
      messages: [{ role: 'user', content: '<audio><audio> or <audio>?' }, answer],
    },
  )
  const more = { ...listed, audios: ['a.wav', 'b.wav'] }
  await refused(more, /:1, audios: expected as many <audio> as audios, got 1 for 2/)
  const twice = [
    [{ type: 'audio', audio: 'a.wav', audio_url: 'b.wav' }, 'audio_url', 'audio'],
    [{ type: 'audio_url', audio_url: { url: 'a.wav' }, path: 'b.wav' }, 'path', 'audio_url'],
    [{ type: 'input_audio', input_audio: { data: 'UklGRg==' }, audio: 'b.wav' }, 'audio', 'input_audio'],
  ] as const
  for (const [part, key, first] of twice) {
    await refused(
      { messages: [{ role: 'user', content: [text, part] }, answer] },
      new RegExp(
        `:1, messages\\.0\\.content\\.1\\.${key}: expected one name of the audio, got one as ${first} and another as ${key}$`,
      ),
    )
  }
  const alike = { type: 'audio', audio: 'a.wav', path: 'a.wav' }
  assert.deepEqual(
    (await normalized({ messages: [{ role: 'user', content: [alike, text] }, answer] })).audios,
    ['a.wav'],
  )
  const far = { type: 'audio', audio_url: 'https://example.org/a.wav' }
  await refused(
    { messages: [{ role: 'user', content: [far] }, answer] },
    /:1, messages\.0\.content.*: expected a path, got the address https:\/\/example\.org\/a\.wav: download it first/,
  )
})

test('an address of another machine and one that is none are told', async () => {
  for (const url of ['file://elsewhere/a.wav', 'file:a%2Fb.wav']) {
    await refused(
      { messages: [question, answer], audios: [url] },
      /:1, audios\.0: expected the URL of a file of this machine/,
    )
  }
})

test('LLaMA-Factory: conversations of human and gpt', async () => {
  const said = [
    { from: 'human', value: '<audio>What is it?' },
    { from: 'gpt', value: 'A dog.' },
  ]
  assert.deepEqual(await normalized({ conversations: said, audios: ['a.wav'] }), plain)
  const opened = await normalized({ conversations: said, audios: ['a.wav'], system: 'Listen.' })
  assert.deepEqual(opened.messages[0], { role: 'system', content: 'Listen.' })
  await refused(
    { conversations: [...said, { from: 'observation', value: '' }], audios: ['a.wav'] },
    /:1, conversations\.2\.from/,
  )
})

test('mistakes in what is said are told with the keys of the row', async () => {
  const heard = { audios: ['a.wav'] }
  const from = (name: string, value = 'A') => ({ from: name, value })
  const typed = (role: string) => ({ role, message_type: 'text', content: 'A' })
  const parts = (role: string) => ({ role, content: [{ type: 'text', text: 'A' }] })
  const mistakes: readonly (readonly [object, RegExp])[] = [
    [
      { conversations: [from('human'), from('user')], ...heard },
      /conversations\.1\.from: .*of the assistant/,
    ],
    [{ system: 'S', conversations: [from('gpt'), from('gpt')], ...heard }, /conversations\.0\.from: .*user/],
    [
      { conversations: [from('human'), from('gpt'), from('human')], ...heard },
      /conversations\.2\.from: .*word/,
    ],
    [
      { conversations: [from('human'), from('gpt', '<sound>')], ...heard },
      /conversations\.1\.value: .*<audio>/,
    ],
    [{ messages: [parts('user'), parts('user')], ...heard }, /messages\.1\.role: .*of the assistant/],
    [
      { conversation: [typed('user'), typed('user'), typed('assistant'), typed('system')] },
      /conversation\.3\.role: .*user/,
    ],
    [{ conversation: [typed('system'), typed('system')] }, /conversation\.0\.role: .*last word/],
    [{ instruction: 'A?', output: '<audio>', ...heard }, /output: expected <audio> in user/],
    [
      { instruction: 'A?', output: 'A', history: [['B?', '<audio>']], ...heard },
      /history\.0\.1: expected <aud/,
    ],
    [{ question: 'A?', answer: '<audio>', ...heard }, /answer: expected <audio> in user/],
    [{ key: '1', source: 'a.wav', target: '<audio>' }, /target: expected <audio> in user/],
  ]
  for (const [row, message] of mistakes) await refused(row, new RegExp(`:1, ${message.source}`))
})

test('Audio Flamingo 3: the sound of a row and its place', async () => {
  const said = (value: string) => [
    { from: 'human', value },
    { from: 'gpt', value: 'A dog.' },
  ]
  const row = { id: 'esc_1', sound: 'a.wav', duration: 5, conversations: said('<sound>\nWhat is it?') }
  assert.deepEqual(await normalized(row), { ...plain, id: 'esc_1' })
  assert.deepEqual(await normalized({ ...row, conversations: said('What is it?') }), {
    ...plain,
    id: 'esc_1',
  })
  const listed = { conversations: said('<sound>\nWhat is it?'), audios: ['a.wav'] }
  assert.deepEqual(await normalized(listed), plain)
  assert.deepEqual(await normalized({ ...listed, messages: null }), plain)
})

test('Kimi-Audio: typed messages for training, questions and answers for evaluation', async () => {
  const text = (role: string, content: string) => ({ role, message_type: 'text', content })
  const audio = { role: 'user', message_type: 'audio', content: 'a.wav' }
  const conversation = [audio, text('user', 'What is it?'), text('assistant', 'A dog.')]
  assert.deepEqual(await normalized({ task_type: 'understanding', conversation }), plain)
  await refused(
    { conversation: [text('user', 'Who?'), text('assistant', 'This:'), { ...audio, role: 'assistant' }] },
    /:1, conversation\.2\.message_type: expected audio from the user only, got it from the assistant/,
  )
  const row = { index: 7, audio_path: 'a.wav', question: 'What is it?', answer: 'A dog.', subset: 'esc' }
  assert.deepEqual(await normalized({ ...row, audio_content: '' }), { ...plain, id: '7', task: 'esc' })
})

test('MMAU and MMAR: choices are asked with their letters', async () => {
  const row = { id: 'x', question: 'Who speaks?', choices: ['Man', 'Woman'], answer: 'Woman' }
  const expected = {
    ...{ id: 'x', audios: ['a.wav'], choices: ['Man', 'Woman'] },
    messages: [
      { role: 'user', content: '<audio>Who speaks? Choose one: (A) Man (B) Woman' },
      { role: 'assistant', content: 'Woman' },
    ],
  }
  assert.deepEqual(await normalized({ ...row, audio_id: './a.wav', task: 'speech' }), {
    ...expected,
    task: 'speech',
  })
  assert.deepEqual(await normalized({ ...row, audio_path: './a.wav', modality: 'speech' }), expected)
  const two = { ...row, audio_path: 'a.wav', audios: ['b.wav'] }
  await refused(two, /:1, audios: expected the same audio as under audio_path, or none/)
  const counted = await normalized({ question: 'How many?', answer: 3, audio: 'a.wav' })
  assert.deepEqual([counted.messages[1]?.content, counted.audios], ['3', ['a.wav']])
  await refused({ ...row, audio_id: 'a.wav', answer: undefined }, /:1: expected a row in a known form/)
  await refused({ ...row, audio_id: 'a.wav', answer: null }, /:1, answer: expected the right answer/)
})

test('LTU, OpenAQA, GAMA and Alpaca: instruction, input and output', async () => {
  const row = { instruction: 'What is it?', input: '', output: 'A dog.' }
  const open = { ...row, audio_id: 'a.wav', dataset: 'esc50', task: 'open-ended question' }
  assert.deepEqual(await normalized(open), { ...plain, task: 'open-ended question' })
  const spoken = await normalized({ ...row, input: 'Good dog!', audio_id: 'a.wav' })
  assert.equal(spoken.messages[0]?.content, '<audio>What is it?\nGood dog!')
  const alpaca = { ...row, audios: ['a.wav'], history: [['Is it loud?', 'Yes.']] }
  assert.deepEqual(
    (await normalized(alpaca)).messages.map(({ content }) => content),
    ['<audio>Is it loud?', 'Yes.', 'What is it?', 'A dog.'],
  )
})

test('an answer of weight 0, or without loss, is read only', async () => {
  const heard = { audios: ['a.wav'] }
  const text = (role: string, content: string) => ({ role, message_type: 'text', content })
  const rows = (mark: object): readonly object[] => [
    { messages: [question, { ...answer, ...mark }, { role: 'user', content: 'And?' }, answer], ...heard },
    {
      messages: [
        { role: 'user', content: [{ type: 'audio' }, { type: 'text', text: 'What is it?' }] },
        { ...answer, ...mark },
        { role: 'user', content: 'And?', weight: null },
        { ...answer, weight: 1, loss: null },
      ],
      ...heard,
    },
    {
      conversations: [
        { from: 'human', value: '<audio>What is it?', loss: false },
        { from: 'gpt', value: 'A dog.', ...mark },
        { from: 'human', value: 'And?', loss: null },
        { from: 'gpt', value: 'A dog.', loss: true },
      ],
      ...heard,
    },
    {
      conversation: [
        { role: 'user', message_type: 'audio', content: 'a.wav' },
        text('user', 'What is it?'),
        ...[text('assistant', 'A '), text('assistant', 'dog.')].map((part) => ({ ...part, ...mark })),
        text('user', 'And?'),
        text('assistant', 'A dog.'),
      ],
    },
  ]
  for (const mark of [{ weight: 0 }, { loss: false }, { weight: 0, loss: false }]) {
    for (const row of rows(mark)) {
      const messages = [question, { ...answer, learn: false }, { role: 'user', content: 'And?' }, answer]
      assert.deepEqual(await normalized(row), { ...plain, messages })
    }
  }
})

test('marks that are none, contradict each other or leave nothing to learn are told', async () => {
  const marked = (mark: object, asked: object = {}) => ({
    messages: [
      { ...question, ...asked },
      { ...answer, ...mark },
    ],
    audios: ['a.wav'],
  })
  await refused(marked({ weight: 0.5 }), /:1, messages\.1\.weight: expected 0 or 1, got 0\.5$/)
  await refused(marked({ weight: true }), /:1, messages\.1\.weight: expected 0 or 1, got true$/)
  await refused(marked({ loss: 'no' }), /:1, messages\.1\.loss: expected true or false, got "no"$/)
  await refused(
    marked({ weight: 1, loss: false }),
    /:1, messages\.1\.loss: expected true, as the weight is 1, or none, got false$/,
  )
  await refused(
    marked({}, { weight: 1 }),
    /:1, messages\.0\.weight: expected none, since only the assistant's messages are learnt, got one of the user$/,
  )
  await refused(marked({ weight: 0 }), /:1: expected an answer to learn, got only answers of weight 0/)
  const text = (role: string, mark: object = {}) => ({ role, message_type: 'text', content: 'A', ...mark })
  await refused(
    { conversation: [text('user'), text('assistant', { loss: false }), text('assistant')] },
    /:1, conversation\.2: expected all that is said in one turn to be learnt, or nothing of it/,
  )
})

test('a JSON list is read as well, however it is laid out', async () => {
  const path = join(at, 'list.json')
  const rows = [1, 2].map((n) => ({ instruction: `What ${n}?`, output: 'A dog.', audio_id: 'a.wav' }))
  await writeFile(path, `\uFEFF\n${JSON.stringify(rows, null, 2)}`)
  const examples = await readManifest(path)
  assert.deepEqual(
    examples.map(({ id, place }) => [id, place]),
    [
      ['1', { file: path, part: 'row 1' }],
      ['2', { file: path, part: 'row 2' }],
    ],
  )
  await writeFile(path, JSON.stringify([rows[0], { ...rows[1], output: 3 }]))
  await assert.rejects(readManifest(path), /list\.json, row 2, output: /)
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, -9))
  await assert.rejects(readManifest(path), /list\.json: expected JSON: /)
})

test('SLAM-LLM: what is asked is given for all rows, unless they say it', async () => {
  const row = { key: 'dog_1', source: 'a.wav', target: 'A dog barks.' }
  const tagged = { ...row, prompt: '<AAC>', target_len: 3 }
  const [example] = await readQuestions(await manifest(tagged), 'Describe the sound.')
  assert.deepEqual(
    [example?.id, example?.task, example?.messages[0]?.content],
    ['dog_1', 'caption', '<audio>Describe the sound.'],
  )
  for (const prompt of ['ASR', '<asr>'])
    assert.equal((await normalized({ ...row, prompt })).task, 'transcription')
  await refused({ ...row, source: 'freesound' }, /:1: expected a row in a known form/)
  await assert.rejects(
    readQuestions(await manifest(row, tagged)),
    /rows\.jsonl:1: expected a question, got a row that has none\n.*question:.*--question/,
  )
  const prompted = { ...row, prompt: 'What is it?' }
  assert.equal((await normalized(prompted)).messages[0]?.content, '<audio>What is it?')
  await assert.rejects(
    readQuestions(await manifest(prompted), 'Describe the sound.'),
    /question: expected rows without a question of their own/,
  )
})

test('a row in no dialect is told what there is', async () => {
  await refused(
    { sound: 'a.wav' },
    /:1: expected a row in a known form, got the keys sound\n.*conversations: \{/s,
  )
})
