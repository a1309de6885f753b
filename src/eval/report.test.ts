import assert from 'node:assert/strict'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EvalItem } from './items.js'
import { manifestItems } from './manifest-items.js'
import { markdown, report } from './report.js'
import { rescore } from './run.js'
import type { Sample } from './sample.js'
import { judge, SCORER_VERSION } from './score.js'

const nothing = { sound: [], digit: [], drum: [] }
const known = { sound: ['dog', 'rain'], digit: ['one'], drum: ['kick drum'] }

const item = (id: number, scoring: string, expected: string, more: Partial<EvalItem> = {}) => ({
  ...{ id: String(id), audio: `${id}.wav`, task: scoring, scoring, question: '?', expected, ...more },
})

function answered(items: readonly ReturnType<typeof item>[], answers: readonly string[]): readonly Sample[] {
  return answers.map((answer, i) => ({ ...items[i]!, answer, ...judge(items[i]!, answer, known) }))
}

test('captions: the metrics of the whole set, with intervals, an answer missing counting as empty', () => {
  const captions = ['A dog barks loudly', 'Rain falls on a roof', 'A man speaks to a crowd', 'Birds sing']
  const items = captions.map((text, i) => item(i, 'captioning', text, { accept: [`${text} outside`] }))
  const [perfect] = report(answered(items, captions), items)
  assert.deepEqual(
    perfect?.measures.map(({ name }) => name),
    ['CIDEr-D', 'BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'ROUGE-L'],
  )
  assert.ok(Math.abs(perfect!.measures[1]!.value - 1) < 1e-6)
  const [partial] = report(answered(items, captions.slice(0, 2)), items)
  assert.deepEqual([partial?.answered, partial?.asked], [2, 4])
  const [cider, , , , , rouge] = partial!.measures
  assert.ok(cider!.value < perfect!.measures[0]!.value)
  assert.equal(rouge?.value, 0.5 * perfect!.measures[5]!.value)
  assert.ok(rouge!.low < rouge!.value && rouge!.value < rouge!.high)
})

test('transcripts: error rates over all words, and what Whisper’s normaliser makes alike is right', () => {
  const items = [item(0, 'transcription', "IT'S TEN O'CLOCK"), item(1, 'transcription', 'THE COLOUR')]
  const samples = answered(items, ["It's 10 o'clock.", 'a color'])
  assert.deepEqual(
    samples.map(({ right }) => right),
    [true, false],
  )
  const [row] = report(samples, items)
  assert.equal(row?.measures[0]?.name, 'WER, Whisper English')
  assert.equal(row?.measures[0]?.value, 1 / 6)
  const accepting = [items[0]!, item(1, 'transcription', 'THE COLOUR', { accept: ['a colour'] })]
  const [accepted] = report(answered(accepting, ["It's 10 o'clock.", 'a color']), accepting)
  assert.deepEqual(
    accepted?.measures.map(({ value }) => value),
    [0, 0],
  )
})

test('multiple choice: strictly, and as the benchmarks’ scorer counts those answered', () => {
  const choices = ['Man', 'Woman']
  const items = [0, 1, 2, 3].map((i) => item(i, 'multiple-choice', 'Woman', { choices }))
  const [row] = report(answered(items, ['(B)', 'A woman.', 'Somebody']), items)
  const [strict, official] = row!.measures
  assert.equal(strict?.value, 2 / 4)
  assert.equal(official?.value, 1 / 3)
  assert.equal(row?.offFormat, 1)
})

test('tags: micro F1, and mean average precision where there are scores', () => {
  const items = [item(0, 'tags', 'dog, rain'), item(1, 'tags', 'rain')]
  const samples = answered(items, ['Rain, dog', 'dog'])
  const [plain] = report(samples, items)
  assert.deepEqual(
    plain?.measures.map(({ name, value }) => [name, value]),
    [['micro F1', 4 / 6]],
  )
  const scores = [
    { dog: 0.9, rain: 0.8 },
    { dog: 0.1, rain: 0.7 },
  ]
  const [scored] = report(
    samples.map((sample, i) => ({ ...sample, scores: scores[i]! })),
    items,
  )
  assert.deepEqual([scored?.measures[1]?.name, scored?.measures[1]?.value], ['mAP', 1])
})

test('tags: labels with commas are whole, also where nothing was answered or another program has scored', () => {
  const [speech, room] = ['Male speech, man speaking', 'Inside, small room']
  const audioset = { sound: [speech, room, 'Dog'], digit: [], drum: [] }
  const items = [
    item(0, 'tags', `${speech}, Dog`, { tags: [speech, 'Dog'] }),
    item(1, 'tags', room, { tags: [room] }),
  ]
  const answer = 'A dog; male speech, man speaking'
  const sample = { ...items[0]!, answer, ...judge(items[0]!, answer, audioset) }
  assert.deepEqual([sample.right, sample.named], [true, ['Dog', speech]])
  const [row] = report([sample], items)
  assert.deepEqual([row?.measures[0]?.name, row?.measures[0]?.value], ['micro F1', (2 * 2) / 5])
  const scored = { ...sample, scores: { [speech]: 0.9, [room]: 0.4, Dog: 0.8 } }
  const [, map] = report([scored], items)[0]!.measures
  assert.deepEqual([map?.name, map?.value], ['mAP', 2 / 3], 'the room is never found')
})

test('labels that were kept before the list of them was are read from the expected answer', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-tags-'))
  const sample = { ...item(0, 'tags', 'Inside, small room, Dog'), answer: 'Dog', right: false }
  await writeFile(join(folder, 'samples.jsonl'), `${JSON.stringify(sample)}\n`)
  const [again] = await rescore(folder, { sound: ['Dog', 'Inside, small room'], digit: [], drum: [] })
  assert.deepEqual(again?.tags, ['Inside, small room', 'Dog'])
})

test('a class’s accuracy is over all that was asked of it', () => {
  const items = [0, 1].map((i) => item(i, 'name', 'Rain.', { label: 'rain' }))
  const [row] = report(answered(items, ['Rain.']), items)
  assert.deepEqual(row?.classes, { rain: 0.5 })
})

test('answers off the format are counted', () => {
  const readable = (scoring: string, answer: string) =>
    !judge(item(0, scoring, 'Rain.'), answer, known).offFormat
  assert.ok(
    readable('name', 'A dog.') && readable('name', 'No drum is played.') && !readable('name', 'A thing'),
  )
  assert.ok(readable('presence', 'Yes.') && !readable('presence', 'Dog'))
  assert.ok(readable('count', '2') && !readable('count', 'many'))
  assert.ok(!judge(item(0, 'name', 'Rain.'), 'A thing', nothing).offFormat, 'no labels are known')
  const items = [item(0, 'name', 'Rain.'), item(1, 'name', 'Dog.')]
  const text = markdown(report(answered(items, ['Rain.', '???']), items))
  assert.match(text, /^\| name \| 2 \| 1 \| accuracy \| 50\.0 % \(0\.0–100\.0\) \|$/m)
})

test('a manifest’s tasks choose their measures, and choices must hold the answer', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-manifest-'))
  const file = join(folder, 'questions.jsonl')
  const row = (task: string | undefined, answer: string, more: object = {}) =>
    JSON.stringify({
      messages: [
        { role: 'user', content: '?' },
        { role: 'assistant', content: answer },
      ],
      ...{ audios: ['a.wav'], task, ...more },
    })
  const rows = [
    row('caption', 'A dog.', { accept: ['Dog.'] }),
    row('transcription', 'hello'),
    row(undefined, 'Man', { choices: ['Man', 'Woman'] }),
    row('quiz', 'Woman', { choices: ['Man', 'Woman'] }),
    row(undefined, 'blue'),
    row('tags', 'Dog, church bells'),
  ]
  await writeFile(file, rows.join('\n'))
  const { items } = await manifestItems(file, 16_000)
  assert.deepEqual(
    items.map(({ task, scoring }) => [task, scoring]),
    [
      ['caption', 'captioning'],
      ['transcription', 'transcription'],
      ['multiple-choice', 'multiple-choice'],
      ['quiz', 'multiple-choice'],
      ['manifest', 'manifest'],
      ['tags', 'tags'],
    ],
  )
  assert.deepEqual(items.at(-1)?.tags, ['dog', 'church bells'])
  await writeFile(file, row('quiz', 'Child', { choices: ['Man', 'Woman'] }))
  await assert.rejects(
    manifestItems(file, 16_000),
    /:1, choices: expected choices, the answer "Child" being one/,
  )
  await writeFile(file, `${row('quiz', 'Man', { choices: ['Man', 'Woman'] })}\n${row('quiz', 'x')}`)
  await assert.rejects(
    manifestItems(file, 16_000),
    /:2, choices: expected rows of task "quiz" to be scored alike/,
  )
})

test('answers judged again are kept so, with the scorer’s version', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-rescore-'))
  const sample = { ...item(0, 'name', 'Rain.'), answer: 'rain', right: false }
  await writeFile(join(folder, 'samples.jsonl'), `${JSON.stringify(sample)}\n`)
  await writeFile(join(folder, 'identity.json'), JSON.stringify({ model: 'x' }))
  const [again] = await rescore(folder, known)
  assert.equal(again?.right, true)
  assert.match(await readFile(join(folder, 'samples.jsonl'), 'utf8'), /"right":true/)
  assert.deepEqual(JSON.parse(await readFile(join(folder, 'identity.json'), 'utf8')), {
    ...{ model: 'x', scorer: SCORER_VERSION },
  })
})

test('forms and facets of a task are listed by themselves, by every measure', () => {
  const choices = ['Man', 'Woman']
  const of = (id: number, form: string, difficulty: string) =>
    item(id, 'multiple-choice', 'Woman', { form, choices, facets: { difficulty, language: 'English' } })
  const items = [of(0, 'speech', 'easy'), of(1, 'speech', 'hard'), of(2, 'music', 'hard')]
  const reports = report(answered(items, ['(B)', 'A man.', 'A woman.']), items)
  const [{ forms, facets }] = reports as [(typeof reports)[0]]
  assert.deepEqual(
    Object.entries(forms).map(([form, { asked, measures }]) => [
      form,
      asked,
      ...measures.map((m) => m.value),
    ]),
    [
      ['music', 1, 1, 1],
      ['speech', 2, 0.5, 0],
    ],
  )
  assert.equal(forms.speech?.measure, forms.speech?.measures[0])
  assert.equal(facets.difficulty?.hard?.measures[0]?.value, 0.5)
  assert.deepEqual(Object.keys(facets), ['difficulty'], 'the language is one')
  const text = markdown(reports)
  assert.match(
    text,
    /^\| – music \| 1 \| {2}\| accuracy \| .*\n\| {2}\| {2}\| {2}\| accuracy, scorer of MMAU and MMAR \| 100/m,
  )
  assert.match(text, /^\| – difficulty: hard \| 2 \| {2}\| accuracy \| 50\.0 %/m)
})

test('what answers of before do not say of their questions is taken from these', () => {
  const items = [0, 1].map((i) => item(i, 'name', 'Rain.', { form: `fold ${i}` }))
  const old = answered(items, ['Rain.', 'Dog.']).map(({ form: _, ...sample }) => sample)
  const [row] = report(old, items)
  assert.deepEqual([row?.forms['fold 0']?.measure.value, row?.forms['fold 1']?.measure.value], [1, 0])
})

test('open questions: the very words, and answers that hold them', () => {
  const items = [0, 1, 2].map((i) => item(i, 'quiz', 'helicopter', { accept: ['chopper'] }))
  const [row] = report(answered(items, ['Helicopter', 'It is a chopper.']), items)
  assert.deepEqual(
    row?.measures.map(({ name, value }) => [name, value]),
    [
      ['accuracy', 1 / 3],
      ['accuracy, answers that hold the expected words', 2 / 3],
    ],
  )
  const [named] = report([], [item(0, 'louder', 'Dog.')])
  assert.equal(named?.measures.length, 1, 'labels are read from answers of recipes’ tasks')
})

test('recordings that were cut from one are drawn together, also for answers of before this was known', () => {
  const cut = [0, 1, 2, 3].map((i) => item(i, 'name', 'Rain.', { source: `take ${i >> 1}` }))
  const samples = answered(cut, ['Rain.', 'Dog.', 'Rain.', 'Dog.'])
  const old = samples.map(({ source: _, ...sample }) => sample)
  const otherwise = samples.map((sample, i) => ({ ...sample, source: `take ${i}` }))
  assert.deepEqual(report(otherwise, cut), report(old, cut))
  const [together] = report(old, cut)
  assert.deepEqual([together?.measures[0]?.low, together?.measures[0]?.high], [0.5, 0.5])
  const [apart] = report(
    old,
    cut.map(({ source: _, ...one }) => one),
  )
  assert.deepEqual([apart?.measures[0]?.low, apart?.measures[0]?.high], [0, 1])
})
