import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { onlyDigits, TINY_CHANGES, takeTokenizer, writeTinyRecordings } from './tiny-run.test.helper.js'

let recordings: string
let folder: string
/** A run that nothing disturbed. */
let whole: string
before(async () => {
  recordings = await writeTinyRecordings()
  folder = await mkdtemp(join(tmpdir(), 'pal-resume-'))
  whole = join(folder, 'whole')
  assert.equal(await finish(start(whole)), 0)
})

test('killed at any moment, a run resumes to the same bits', async () => {
  const killed = join(folder, 'killed')
  await takeTokenizer(whole, killed)
  const child = start(killed)
  await steps(killed, 8) // The fourth of the second stage: behind a checkpoint that has moments of the optimiser, and an average of the weights.
  child.kill('SIGKILL')
  await finish(child)
  assert.ok(existsSync(join(whole, 'stages', 'timeline')))
  assert.equal(existsSync(join(killed, 'stages', 'timeline')), false, 'killed behind the end of the stage')
  assert.equal(await finish(start(killed)), 0)

  for (const file of ['model/model.safetensors', 'stages/answers/model.safetensors']) {
    assert.deepEqual(await readFile(join(killed, file)), await readFile(join(whole, file)), file)
  }
  const logged = async (run: string) =>
    (await readFile(join(run, 'metrics.jsonl'), 'utf8')).split('\n').length
  assert.equal(await logged(killed), await logged(whole))
})

test('a folder is not gone on with by another recipe', async () => {
  // Which clips were cut from one recording makes no other one.
  const again = start(whole, 'data.sets.esc10.source=audio')
  const finished = heard(again)
  assert.equal(await finish(again), 0)
  assert.match(await finished, /^This run is finished already: nothing is left to train$/m)
  const child = start(whole, 'saveEvery=7', 'stages.0.learningRate=0.5', 'stages.0.emaDecay=0.9')
  const said = heard(child)
  assert.equal(await finish(child), 1)
  assert.match(
    await said,
    /expected the recipe that this run was started with, got a changed one: stages\.0\.learningRate 0\.5 instead of 0\.\d+, stages\.0\.emaDecay 0\.9 instead of not set\n/,
  )
  assert.match(await said, /^ {2}stages\.0\.emaDecay: not set → 0\.9$/m)
  assert.match(await said, /--restart/)
})

test('a run that is under way is neither gone on with nor moved aside', async () => {
  const held = join(folder, 'under-way')
  await mkdir(held)
  await writeFile(join(held, 'run.lock'), JSON.stringify({ pid: process.pid, host: hostname() }))
  const refused = async (...changes: readonly string[]) => {
    const child = start(held, ...changes)
    const said = heard(child)
    assert.equal(await finish(child), 1)
    assert.match(await said, new RegExp(`got one that process ${process.pid} on .* works in`))
  }
  await Promise.all([refused(), refused('--restart')])
  assert.deepEqual(await readdir(held), ['run.lock'])
})

test('a run goes on when whoever read what it tells has left, and Ctrl-C saves it', async () => {
  const unread = join(folder, 'unread')
  await takeTokenizer(whole, unread)
  const child = start(unread, 'saveEvery=1000', 'stages.1.steps=500', '--json')
  child.stdout?.destroy()
  child.stderr?.destroy()
  await steps(unread, 8)
  child.kill('SIGINT')
  assert.equal(await finish(child), 130)
  assert.ok(existsSync(join(unread, 'checkpoint.safetensors')))
  assert.equal(existsSync(join(unread, 'run.lock')), false)
})

test('a run that a comparison has started ends with it, and is saved', async () => {
  const left = join(folder, 'left')
  await takeTokenizer(whole, left)
  const args = training(left, ['saveEvery=1000', 'stages.1.steps=500'])
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const ended = once(child, 'exit')
  await steps(left, 8)
  child.disconnect()
  assert.deepEqual(await ended, [130, null])
  assert.ok(existsSync(join(left, 'checkpoint.safetensors')))
})

test('a loss that is no number stops the run with the batch named, and with what is kept of before', async () => {
  const diverging = join(folder, 'diverging')
  await takeTokenizer(whole, diverging)
  for (const [saveEvery, isKept] of [
    [1000, false],
    [1, true],
  ] as const) {
    const steps = ['stages.0.learningRate=1e30', 'stages.0.steps=20', `saveEvery=${saveEvery}`]
    const child = start(diverging, ...steps)
    const said = heard(child)
    assert.equal(await finish(child), 1)
    assert.match(await said, /expected a finite loss, got .* at step \d+ of stage "labels"/)
    assert.equal(/checkpoint is kept/.test(await said), isKept)
    assert.equal(existsSync(join(diverging, 'checkpoint.safetensors')), isKept)
  }
})

/** All that it says on standard error. */
async function heard({ stderr }: ChildProcess): Promise<string> {
  let said = ''
  for await (const text of stderr ?? []) said += text
  return said
}

function start(output: string, ...changes: readonly string[]): ChildProcess {
  return spawn(process.execPath, training(output, changes), { stdio: ['ignore', 'pipe', 'pipe'] })
}

function training(output: string, changes: readonly string[]): readonly string[] {
  const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const run = [`data.root=${recordings}`, `output=${output}`, 'saveEvery=3']
  // The third stage need only be come to, and the later ones learn as it does: few shapes and steps are enough.
  const later = [3, 4, 5].flatMap((i) => [onlyDigits(i), `stages.${i}.steps=1`])
  const small = ['stages.1.steps=5', 'stages.1.emaDecay=0.9', 'stages.2.steps=1', ...later]
  const settings = [...run, ...TINY_CHANGES, ...small, ...changes]
  const pal = join(packageFolder(), 'bin', 'pal.js')
  return [pal, 'train', recipe, ...settings]
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
