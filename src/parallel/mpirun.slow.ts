import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { TINY_CHANGES, writeTinyRecordings } from '../train/tiny-run.test.helper.js'
import { largestDifference } from '../train/weights.test.helper.js'
import { type Job, mpirun, mpirunMissing } from './mpirun.test.helper.js'

const STAGES = [0, 1, 2, 3, 4, 5] as const
const pal = join(packageFolder(), 'bin', 'pal.js')

describe('two processes of one mpirun', { skip: await mpirunMissing() }, () => {
  let recordings: string
  let output: string
  before(async () => {
    recordings = await writeTinyRecordings()
    output = await mkdtemp(join(tmpdir(), 'pal-mpirun-'))
    const { code, stderr } = await mpirun([train('whole'), train('whole')]).ended
    assert.equal(code, 0, stderr)
  })

  const train = (name: string, ...changes: readonly string[]) => [
    ...[pal, 'train', 'recipes/pal-tiny.yaml', `data.root=${recordings}`, `output=${join(output, name)}`],
    ...['saveEvery=3', '--threads', '1', ...TINY_CHANGES, ...changes],
  ]
  const model = (name: string) => readFile(join(output, name, 'model', 'model.safetensors'))

  test('train the weights of one process with twice the micro-batches', async (t) => {
    const doubled = STAGES.map((i) => `stages.${i}.accumulate=2`)
    assert.equal((await mpirun([train('alone', ...doubled)]).ended).code, 0)
    const difference = await largestDifference(join(output, 'whole'), join(output, 'alone'))
    t.diagnostic(`largest relative difference of a weight, 1 micro-batch a rank: ${difference}`)
    // Two numbers have one sum.
    assert.equal(difference, 0)

    const twice = train('twice', ...doubled)
    assert.equal((await mpirun([twice, twice]).ended).code, 0)
    const fourfold = STAGES.map((i) => `stages.${i}.accumulate=4`)
    assert.equal((await mpirun([train('fourfold', ...fourfold)]).ended).code, 0)
    const rounded = await largestDifference(join(output, 'twice'), join(output, 'fourfold'))
    t.diagnostic(
      `largest relative difference of a weight, 2 micro-batches a rank: ${rounded.toExponential(1)}`,
    )
    assert.ok(rounded < 1e-4, `${rounded}`)
  })

  test('of which one is killed stop with a message, and go on to the same bits', async () => {
    const job = mpirun([train('killed'), train('killed')])
    await steps('killed', 6)
    process.kill(ranksOf(job)[1] as number, 'SIGKILL')
    const { code, stderr } = await job.ended
    assert.notEqual(code, 0)
    assert.match(stderr, /process rank 1 .* exited on signal 9 \(Killed\)/)
    assert.match((await mpirun([train('killed'), train('killed')]).ended).stderr, /Going on after step/)
    assert.deepEqual(await model('killed'), await model('whole'))
  })

  test('that are asked to stop save after the same step, and go on to the same bits', async () => {
    // One rank is asked itself: `mpirun` would give all of them a second and then kill them.
    const long = (name: string) => [train(name, 'stages.0.steps=150'), train(name, 'stages.0.steps=150')]
    const job = mpirun(long('stopped'))
    await steps('stopped', 6)
    process.kill(ranksOf(job)[1] as number, 'SIGTERM')
    assert.match((await job.ended).stderr, /Stopped and saved/)
    const resumed = await mpirun(long('stopped')).ended
    assert.match(resumed.stderr, /Going on after step/)
    assert.equal(resumed.code, 0, resumed.stderr)
    assert.equal((await mpirun(long('undisturbed')).ended).code, 0)
    assert.deepEqual(await model('stopped'), await model('undisturbed'))
  })

  test('end together when one makes a mistake, or has another recipe', async () => {
    const mistaken = await mpirun([train('mistake'), train('mistake', 'stages.0.stepz=1')]).ended
    assert.equal(mistaken.code, 1)
    assert.match(mistaken.stderr, /pal, rank 1: .*stages\.0\.stepz: expected one of .*, got "stepz"/)
    const other = await mpirun([train('other'), train('other', 'seed=2')]).ended
    assert.equal(other.code, 1)
    assert.match(other.stderr, /expected the same recipe, place and weights on all 2 ranks at the start/)
  })

  test('answer as one does', async () => {
    const evaluate = (name: string) => [
      ...[pal, 'eval', 'recipes/pal-tiny.yaml', `data.root=${recordings}`, '--limit', '4', '--scenes', '4'],
      ...['--model', join(output, 'whole', 'model'), '--out', join(output, name)],
    ]
    const together = await mpirun([evaluate('together'), evaluate('together')]).ended
    const apart = await mpirun([evaluate('apart')]).ended
    assert.equal(together.code, 0, together.stderr)
    assert.equal(together.stdout, apart.stdout)
    for (const file of ['samples.jsonl', 'report.json', 'identity.json'])
      assert.deepEqual(
        await readFile(join(output, 'together', file)),
        await readFile(join(output, 'apart', file)),
      )
  })

  /** Waits until a run has logged so many steps. */
  async function steps(name: string, count: number): Promise<void> {
    for (;;) {
      const text = await readFile(join(output, name, 'metrics.jsonl'), 'utf8').catch(() => '')
      if (text.split('\n').length > count) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
})

/** The processes that an mpirun has started here, by rank. */
function ranksOf({ pid }: Job): readonly number[] {
  const children = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    const [, parent] = /\) . (\d+)/.exec(readQuietly(`/proc/${name}/stat`)) ?? []
    return Number(parent) === pid
  })
  const rankOf = (child: string) =>
    Number(/OMPI_COMM_WORLD_RANK=(\d+)/.exec(readQuietly(`/proc/${child}/environ`))?.[1])
  return children.sort((a, b) => rankOf(a) - rankOf(b)).map(Number)
}

/** A process may end while it is looked at. */
function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
