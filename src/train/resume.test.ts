import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { TINY_CHANGES, writeTinyRecordings } from './tiny-run.test.helper.js'

test('killed at any moment, a run resumes to the same bits', async () => {
  const recordings = await writeTinyRecordings()
  const folder = await mkdtemp(join(tmpdir(), 'pal-resume-'))
  const whole = join(folder, 'whole')
  const killed = join(folder, 'killed')
  assert.equal(await finish(start(recordings, whole)), 0)

  const child = start(recordings, killed)
  await steps(killed, 6) // In the middle of the second stage, between two checkpoints.
  child.kill('SIGKILL')
  await finish(child)
  assert.equal(existsSync(join(killed, 'model')), false)
  assert.equal(await finish(start(recordings, killed)), 0)

  for (const file of ['model/model.safetensors', 'stages/answers/model.safetensors']) {
    assert.deepEqual(await readFile(join(killed, file)), await readFile(join(whole, file)), file)
  }
  const logged = async (run: string) =>
    (await readFile(join(run, 'metrics.jsonl'), 'utf8')).split('\n').length
  assert.equal(await logged(killed), await logged(whole))
})

test('a folder is not gone on with by another recipe', async () => {
  const recordings = await writeTinyRecordings()
  const folder = await mkdtemp(join(tmpdir(), 'pal-changed-'))
  const short = [0, 1, 2, 3, 4, 5].map((stage) => `stages.${stage}.steps=1`)
  assert.equal(await finish(start(recordings, folder, ...short)), 0)
  // Which clips were cut from one recording makes no other one.
  assert.equal(await finish(start(recordings, folder, ...short, 'data.sets.esc10.source=audio')), 0)
  const child = start(recordings, folder, ...short, 'stages.0.learningRate=0.5')
  const said = heard(child)
  assert.equal(await finish(child), 1)
  assert.match(await said, /expected the recipe that this run was started with/)
  assert.match(await said, /--restart/)
})

test('a run that is under way is neither gone on with nor moved aside', async () => {
  const recordings = await writeTinyRecordings()
  const folder = await mkdtemp(join(tmpdir(), 'pal-under-way-'))
  await writeFile(join(folder, 'run.lock'), JSON.stringify({ pid: process.pid, host: hostname() }))
  for (const changes of [[], ['--restart']]) {
    const child = start(recordings, folder, ...changes)
    const said = heard(child)
    assert.equal(await finish(child), 1)
    assert.match(await said, new RegExp(`got one that process ${process.pid} on .* trains in`))
  }
  assert.deepEqual(await readdir(folder), ['run.lock'])
})

test('a loss that is no number stops the run with the batch named', async () => {
  const recordings = await writeTinyRecordings()
  const folder = await mkdtemp(join(tmpdir(), 'pal-nan-'))
  const child = start(recordings, folder, 'stages.0.learningRate=1e30', 'stages.0.steps=20')
  const said = heard(child)
  assert.equal(await finish(child), 1)
  assert.match(await said, /expected a finite loss, got .* at step \d+ of stage "labels"/)
  assert.match(await said, /checkpoint is kept/)
})

/** All that it says on standard error. */
async function heard({ stderr }: ChildProcess): Promise<string> {
  let said = ''
  for await (const text of stderr ?? []) said += text
  return said
}

function start(recordings: string, output: string, ...changes: readonly string[]): ChildProcess {
  const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const run = [`data.root=${recordings}`, `output=${output}`, 'saveEvery=3']
  // The later stages learn as the third does: few shapes are enough.
  const small = [3, 4, 5].map(
    (i) => `stages.${i}.batches=[{ seconds: 1.28, audios: 2, questions: 1, mix: { digits: 1 } }]`,
  )
  const settings = [...run, ...TINY_CHANGES, ...small, ...changes]
  const pal = join(packageFolder(), 'bin', 'pal.js')
  return spawn(process.execPath, [pal, 'train', recipe, ...settings], { stdio: ['ignore', 'ignore', 'pipe'] })
}

async function finish(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  return child.exitCode
}

/** Waits until so many steps are logged. */
async function steps(folder: string, count: number): Promise<void> {
  for (;;) {
    const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8').catch(() => '')
    if (text.split('\n').length > count) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
