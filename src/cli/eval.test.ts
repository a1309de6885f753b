import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { encodeWav } from '../audio/write-wav.js'
import { folderOf } from '../eval/layouts/layout.test.helper.js'
import { FakeHub, repository, useHub } from '../hub/hub.test.helper.js'
import { loadPal } from '../model/pal.js'
import { writeTinyModel } from '../model/tiny-model.js'
import { packageFolder } from '../package-folder.js'
import { writeTinyRecordings } from '../train/tiny-run.test.helper.js'
import { pal } from './cli.test.helper.js'

const sound = encodeWav(
  Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i * i * 1e-4) / 2),
  8000,
)

let model: string
let fsd50k: string
before(async () => {
  model = await writeTinyModel()
  fsd50k = await folderOf({
    'FSD50K.ground_truth/vocabulary.csv': '0,Bark,/m/05tny_\n1,Dog,/m/0bt9lr\n2,Rain,/m/06mb1\n',
    'FSD50K.ground_truth/eval.csv':
      'fname,labels,mids\n1,"Bark,Dog","/m/05tny_,/m/0bt9lr"\n2,Rain,/m/06mb1\n',
    'FSD50K.eval_audio/1.wav': sound,
  })
})

const evaluate = (...more: readonly string[]) =>
  pal(['eval', `fsd50k:${fsd50k}`, '--model', model, '--out', join(fsd50k, 'answers'), ...more])

test('labels are scored by likelihood; a missing recording counts as wrong, and is listed', async () => {
  const { code, stdout, stderr } = await evaluate('--protocol', 'likelihood', '--nll')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /\| fsd50k \| 1 of 2 \| 0 \| mAP, likelihood of each label \|/)
  assert.match(stdout, /NLL, nats per answer token/)
  assert.match(stderr, /1 recording could not be read; its question counts as wrong \(.*unreadable\.jsonl\)/)
  const listed = JSON.parse(await readFile(join(fsd50k, 'answers', 'unreadable.jsonl'), 'utf8'))
  assert.match(listed.audio, /2\.wav$/)
})

test('answers by one protocol do not go on by another, nor those of a model as it is with it in blocks', async () => {
  for (const others of [[], ['--protocol', 'likelihood', '--nll', '--bits', '8']]) {
    const { code, stderr } = await evaluate(...others)
    assert.notEqual(code, 0)
    assert.match(stderr, /expected a folder for these questions and this model/)
  }
})

test('a task that there is not is told with those that there are, of a recipe before any recording is looked for', async () => {
  const { code, stderr } = await evaluate('--tasks', 'fsd50k,barking')
  assert.equal(code, 1)
  assert.match(stderr, /--tasks: expected one of fsd50k, got "barking"/)
  const ofRecipe = await pal([
    'eval',
    join(packageFolder(), 'recipes/pal-tiny.yaml'),
    'data.root=nowhere',
    '--tasks',
    'ordr',
  ])
  assert.match(ofRecipe.stderr, /expected one of esc10, digits, drums, presence, .*background, got "ordr"/)
})

test('of a model that has heard what a recipe holds out it is said, and not on standard output', async () => {
  const tiny = join(await mkdtemp(join(tmpdir(), 'pal-cli-eval-')), 'model')
  await cp(model, tiny, { recursive: true })
  await writeFile(join(tiny, 'recipe.yaml'), 'stages: [{ name: everything, hears: all }]\n')
  const recipe = join(packageFolder(), 'recipes/pal-tiny.yaml')
  const asked = ['--tasks', 'drums', '--limit', '1', '--threads', '1', '--json']
  const root = `data.root=${await writeTinyRecordings()}`
  const { code, stdout, stderr } = await pal([
    ...['eval', recipe, root, '--model', tiny, '--out', join(tiny, 'answers'), ...asked],
  ])
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^pal: warning: .* its recipe holds out, in stage everything \(hears: all\)/m)
  assert.equal(JSON.parse(stdout)[0].task, 'drums')
})

test('nothing that can be read is a mistake', async () => {
  await rm(join(fsd50k, 'FSD50K.eval_audio'), { recursive: true })
  await rm(join(fsd50k, 'answers'), { recursive: true })
  const { code, stderr } = await evaluate('--protocol', 'likelihood')
  assert.notEqual(code, 0)
  assert.match(stderr, /expected recordings that can be read, got none: .*1\.wav/)
})

/** Asks the rows of a manifest in a folder of its own, which has two recordings. */
async function manifestFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'pal-cli-eval-'))
  const row = (question: string, audio: string) =>
    `${JSON.stringify({
      messages: [
        { role: 'user', content: `<audio>${question}` },
        { role: 'assistant', content: 'Rain.' },
      ],
      audios: [audio],
    })}\n`
  const manifest = join(folder, 'questions.jsonl')
  const tiny = join(folder, 'model')
  await cp(model, tiny, { recursive: true })
  await writeFile(join(folder, 'a.wav'), sound)
  await writeFile(manifest, row('What is it?', 'a.wav'))
  const argv = ['eval', manifest, '--model', tiny, '--out', join(folder, 'answers'), '--threads', '1']
  const ask = (...more: readonly string[]) => pal([...argv, ...more])
  return { folder, manifest, model: tiny, row, argv, ask }
}

test('answers are those to the questions that stand there now, in any number', async () => {
  const { folder, manifest, row, ask } = await manifestFolder()
  assert.match((await ask()).stdout, /1 of 1|\| 1 \|/)
  // The same again, and questions in addition, go on.
  await appendFile(manifest, row('Where is it?', 'b.wav'))
  const { code, stderr } = await ask()
  assert.equal(code, 0, stderr)
  assert.match(stderr, /1 recording could not be read/)
  await writeFile(join(folder, 'b.wav'), sound)
  const { stderr: whole } = await ask()
  assert.equal(whole, '')

  await writeFile(manifest, row('Who is it?', 'a.wav') + row('Where is it?', 'b.wav'))
  const changed = await ask()
  assert.equal(changed.code, 1)
  assert.match(
    changed.stderr,
    /samples\.jsonl, 1: expected a folder for these questions and this model, got one with another question: "What is it\?" there, "Who is it\?" here\n.*--out/,
  )
  assert.equal((await ask('--rescore')).code, 0)
  await writeFile(manifest, row('What is it?', 'a.wav'))
  assert.match((await ask()).stderr, /samples\.jsonl, 2: .* an answer to what is not asked any more/)
})

test('answers to a part of the questions are not gone on with as if it were all of them', async () => {
  const { ask } = await manifestFolder()
  assert.equal((await ask('--limit', '1')).code, 0)
  assert.match((await ask()).stderr, /got one with another "limit" \(1 there, none here\)\n.*--out/)
})

test('answers are those about the recordings that lie there now', async () => {
  const { folder, ask } = await manifestFolder()
  assert.equal((await ask()).code, 0)
  await writeFile(join(folder, 'a.wav'), encodeWav(new Float32Array(3000).fill(0.1), 8000))
  const { code, stderr } = await ask()
  assert.equal(code, 1)
  assert.match(stderr, /1: .* another recording: "8044 bytes of .*" there, "6044 bytes of .*" here/)
})

test('Ctrl-C while the model is opened tells what is kept of before, if anything is', async (context) => {
  const { folder, manifest, model, row, argv, ask } = await manifestFolder()
  assert.equal((await ask()).code, 0)
  const answers = join(folder, 'answers')
  const kept = await readFile(join(answers, 'samples.jsonl'), 'utf8')
  await rm(answers, { recursive: true })
  await appendFile(manifest, row('Where is it?', 'a.wav'))
  const file = join(model, 'config.json')
  const bases = { llm: { name: repository, sha256: 'a'.repeat(64) } }
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), bases }))
  const hub = await FakeHub.start(context)
  await useHub(context, hub)
  const interrupted = () =>
    pal(argv, {
      onStart: (child) => hub.faults.set('api', () => child.kill('SIGINT')), // And the hub never answers.
    })
  assert.deepEqual(await interrupted(), { code: 130, stdout: '', stderr: '' })
  assert.equal(existsSync(answers), false)

  await mkdir(answers)
  await writeFile(join(answers, 'samples.jsonl'), kept)
  const { code, stdout, stderr } = await interrupted()
  assert.equal(code, 130)
  assert.match(stdout, /\| 1 of 2 \|/)
  assert.equal(stderr, 'Stopped after 1 of 2; the same command goes on from here.\n')
  assert.equal(await readFile(join(answers, 'samples.jsonl'), 'utf8'), kept)
})

test('answers are those of the model that lies there now', async () => {
  const { model, ask } = await manifestFolder()
  assert.equal((await ask()).code, 0)
  const file = join(model, 'config.json')
  const config = JSON.parse(await readFile(file, 'utf8'))
  const prompted = { ...config, model: { ...config.model, system: 'Answer at length.' } }
  await writeFile(file, JSON.stringify(prompted))
  const { code, stderr } = await ask()
  assert.equal(code, 1)
  assert.match(stderr, /got one with another "config" \([0-9a-f]{12} there, [0-9a-f]{12} here\)\n/)
  assert.equal((await ask('--rescore')).code, 0)
})

test('answers that were judged by another list are not compared, kept or scored again', async () => {
  const { folder, manifest, row, argv, ask } = await manifestFolder()
  assert.equal((await ask()).code, 0)
  const against = ['--against', join(folder, 'answers')]
  await writeFile(manifest, row('What is it?', 'a.wav').replace('{', '{"accept":["Drizzle."],'))
  const there = join(folder, 'there')
  for (const more of [['--out', there], ['--rescore']]) {
    const { code, stderr } = await ask(...more, ...against)
    assert.equal(code, 1)
    assert.match(
      stderr,
      /samples\.jsonl, 1: .*same questions, got another list of answers .*none there, \["Drizz/,
    )
  }
  assert.equal(existsSync(there), false, 'before anything is asked')
  assert.equal((await pal([...argv, '--out', there])).code, 0)
  const { code, stdout, stderr } = await ask('--out', there, '--against', there)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /Against .*there, the same questions:/)
})

test('changes that nothing would come of are refused', async () => {
  const { ask } = await manifestFolder()
  const { code, stderr } = await ask('foo.bar=1')
  assert.equal(code, 1)
  assert.match(stderr, /questions\.jsonl: expected changes with a recipe only, got "foo\.bar=1"/)
  const two = await ask('more.jsonl')
  assert.equal(two.code, 1)
  assert.match(
    two.stderr,
    /questions\.jsonl: expected one set of questions per call, got "more\.jsonl" as well\n.*key=value/,
  )
})

test('recordings are read at the rate of the model, which the identity names', async () => {
  const { folder, model, ask } = await manifestFolder()
  const recording = join(folder, 'a.wav')
  const samples = Float32Array.from({ length: 22_050 }, (_, i) => Math.sin(i * i * 1e-5) / 2)
  await writeFile(recording, encodeWav(samples, 44_100))
  const { code, stderr } = await ask('--nll')
  assert.equal(code, 0, stderr)
  const answers = join(folder, 'answers')
  const sample = JSON.parse(await readFile(join(answers, 'samples.jsonl'), 'utf8'))
  const loaded = await loadPal({ model, threads: 1 })
  try {
    const [score] = await loaded.score(recording, 'What is it?', ['Rain.'])
    assert.equal(sample.nll.nats, -score!.logProbability)
  } finally {
    await loaded.close()
  }
  const file = join(answers, 'identity.json')
  const { sampleRate, ...identity } = JSON.parse(await readFile(file, 'utf8'))
  assert.equal(sampleRate, 8000)
  // As a folder of before has it, whose model heard everything at half the speed.
  await writeFile(file, JSON.stringify(identity))
  assert.match((await ask('--nll')).stderr, /another "sampleRate" \(none there, 8000 here\)\n.*--out/)
  assert.equal((await ask('--rescore')).code, 0)
})

test('what somebody has damaged in the folder of answers is told, and its question is asked again', async () => {
  const { folder, manifest, row, ask } = await manifestFolder()
  await appendFile(manifest, row('Where is it?', 'a.wav'))
  assert.equal((await ask()).code, 0)
  const samples = join(folder, 'answers', 'samples.jsonl')
  const [first, second] = (await readFile(samples, 'utf8')).split('\n')
  await writeFile(samples, `${first!.slice(0, 40)}\n${second}\n`)
  const { code, stderr } = await ask()
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^pal: .*samples\.jsonl:1: expected a question and its answer, as JSON\nRemove this line: its question is asked again\.\n$/,
  )
  await writeFile(samples, `${second}\n`)
  assert.equal((await ask()).code, 0)
  assert.equal(await readFile(samples, 'utf8'), `${first}\n${second}\n`)
})

test('answers that two processes have left are told, and set aside where they are scored again', async () => {
  const { folder, ask } = await manifestFolder()
  assert.equal((await ask()).code, 0)
  const samples = join(folder, 'answers', 'samples.jsonl')
  await appendFile(samples, await readFile(samples))
  const refused = await ask()
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /samples\.jsonl:2: expected one answer to each question, got another one to "1"/,
  )
  const { code, stdout, stderr } = await ask('--rescore')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^pal: warning: an answer .* went to .*samples\.doubled\.jsonl/)
  assert.match(stdout, /\| 1 \|/)
  assert.equal((await ask()).stderr, '')
})

test('captions are scored by a program of the user’s, and nothing else is', async () => {
  const { folder, manifest, row, ask } = await manifestFolder()
  const program = join(folder, 'score.cjs')
  await writeFile(
    program,
    `for (const line of require('node:fs').readFileSync(0, 'utf8').trim().split('\\n'))
      console.log(JSON.stringify({ id: JSON.parse(line).id, score: JSON.parse(line).references.length }))`,
  )
  const external = ['--external', `references="${process.execPath}" "${program}"`]
  const refused = await ask(...external)
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /--external: expected questions that are answered with a caption, got manifest/,
  )
  await writeFile(
    manifest,
    row('What is it?', 'a.wav').replace('{', '{"task":"caption","accept":["Drizzle."],'),
  )
  const { code, stdout, stderr } = await ask(...external)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /\| references \(external\) \| 2\.000 \(2\.000–2\.000\) \|/)
  await rm(program)
  assert.equal((await ask('--rescore', ...external)).code, 0, 'the program is not called again')
  assert.match((await ask('--external', 'x=exit 4')).stderr, /--external x: .* got exit code 4: exit 4/)
  assert.equal((await ask('--external', 'exit 4')).code, 2)
  assert.match((await ask('--external', 'x=a', '--external', 'x=b')).stderr, /Expected "x" once/)
})

test('two rows with one id are told before anything is asked', async () => {
  const { manifest, row, ask } = await manifestFolder()
  const named = row('What is it?', 'a.wav').replace('{', '{"id":"1",')
  await writeFile(manifest, `${named}${row('Who is it?', 'a.wav')}${named}`)
  const { code, stderr } = await ask()
  assert.equal(code, 1)
  assert.match(
    stderr,
    /questions\.jsonl:3, id: expected an id that no other question has, got "1" again, which is that of .*questions\.jsonl:1\n/,
  )
  assert.equal((await ask('--rescore')).code, 1)
})

test('it can be told where what a model is built on lies', async () => {
  const { ask } = await manifestFolder()
  const { code, stderr } = await ask('--llm', 'somewhere')
  assert.equal(code, 1)
  assert.match(stderr, /--llm: expected a model that is built on another there/)
})

test('what a model may be built on is no model that hears', async () => {
  const { folder, ask } = await manifestFolder()
  const base = join(folder, 'base')
  await cp(join(folder, 'model'), base, { recursive: true })
  await writeFile(join(base, 'config.json'), JSON.stringify({ model_type: 'llama' }))
  const { code, stderr } = await ask('--model', base)
  assert.equal(code, 1)
  assert.match(
    stderr,
    /config\.json: expected a model that hears, .*got one of Hugging Face's, "llama"\n.*--llm/,
  )
})
