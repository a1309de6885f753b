import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { encodeWav } from '../audio/write-wav.js'
import { folderOf } from '../eval/layouts/layout.test.helper.js'
import { packageFolder } from '../model/package-folder.js'
import { writeTinyModel } from '../model/tiny-model.js'
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

test('answers by one protocol do not go on by another', async () => {
  const { code, stderr } = await evaluate()
  assert.notEqual(code, 0)
  assert.match(stderr, /expected a folder for these questions and this model/)
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

test('nothing that can be read is a mistake', async () => {
  await rm(join(fsd50k, 'FSD50K.eval_audio'), { recursive: true })
  await rm(join(fsd50k, 'answers'), { recursive: true })
  const { code, stderr } = await evaluate('--protocol', 'likelihood')
  assert.notEqual(code, 0)
  assert.match(stderr, /expected recordings that can be read, got none: .*1\.wav/)
})
