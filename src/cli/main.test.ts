import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { packageFolder } from '../package-folder.js'
import { pal } from './cli.test.helper.js'

describe('help', () => {
  test('lists the verbs', async () => {
    const { code, stdout } = await pal(['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /ask +ask a question about audio/)
    assert.match(stdout, /Example:\n {2}pal ask recording\.wav/)
  })

  for (const argv of [
    ['ask', '--help'],
    ['help', 'ask'],
  ]) {
    test(`${argv.join(' ')} has an example`, async () => {
      const { code, stdout } = await pal(argv)
      assert.equal(code, 0)
      assert.match(stdout, /Usage: pal ask \[options\] <audio\.\.\.> <question>/)
      assert.match(stdout, /Examples:\n {2}pal ask/)
    })
  }
})

test('the version', async () => {
  assert.match((await pal(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

describe('wrong usage exits with 2 and says why', () => {
  const cases: readonly [argv: readonly string[], message: RegExp][] = [
    [[], /Usage: pal/],
    [['aks'], /unknown command 'aks'.*\n?.*ask/],
    [['help', 'aks'], /unknown command 'aks'/],
    [['ask', '--loud', 'a.wav', 'What?'], /unknown option '--loud'/],
    [['ask', 'a.wav'], /expected a question after the audio, got only a\.wav/],
    [['ask', 'a.wav', 'What?', '--max-tokens', 'many'], /max-tokens.*whole number, 1 or more/],
    [['doctor', '--model'], /unknown option '--model'/],
  ]
  for (const [argv, message] of cases) {
    test(`pal ${argv.join(' ')}`, async () => {
      const { code, stdout, stderr } = await pal(argv)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, message)
    })
  }
})

describe('under mpirun', () => {
  test('what is not shared out is refused, before MPI is looked for', async () => {
    const env = { OMPI_COMM_WORLD_SIZE: '2', OMPI_COMM_WORLD_RANK: '0', PAL_MPI: '/none' }
    const { code, stderr } = await pal(['doctor'], { env })
    assert.equal(code, 1)
    assert.match(stderr, /expected train or eval under mpirun, got doctor\n.*without mpirun/)
  })

  test('a part of a verb is not taken for the verb of that name', async () => {
    const env = { OMPI_COMM_WORLD_SIZE: '2', OMPI_COMM_WORLD_RANK: '0', PAL_MPI: '/none' }
    const { stderr } = await pal(['bench', 'train'], { env })
    assert.match(stderr, /expected train or eval under mpirun, got bench\n/)
  })

  test('without the library nothing starts', async () => {
    const env = { OMPI_COMM_WORLD_SIZE: '2', OMPI_COMM_WORLD_RANK: '1', PAL_MPI: '/none' }
    const { code, stderr } = await pal(['train', 'recipes/pal-tiny.yaml'], { env })
    assert.equal(code, 1)
    assert.match(stderr, /^pal, rank 1: expected Open MPI's library, got none.*\n.*apt install openmpi-bin/)
  })

  test('one process is a process as any other', async () => {
    const env = { OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0', PAL_MPI: '/none' }
    const { stderr } = await pal(['train', 'nowhere.yaml'], { env })
    assert.match(stderr, /nowhere\.yaml/)
  })
})

test('a result that cannot be written is told, without a stack', {
  skip: process.platform !== 'linux',
}, () => {
  const script = join(packageFolder(), 'bin', 'pal.js')
  const { status, stderr } = spawnSync('sh', [
    '-c',
    `"${process.execPath}" "${script}" --version > /dev/full`,
  ])
  assert.deepEqual(
    [status, String(stderr)],
    [1, 'pal: standard output: cannot be written (no space left on device)\n'],
  )
})

describe('Ctrl-C', () => {
  test('ends at once what has nothing to save', async () => {
    const { code, stdout } = await pal(['doctor'], { onOutput: (child) => child.kill('SIGINT') })
    assert.equal(code, 130)
    assert.doesNotMatch(stdout, /pal-tiny/)
  })

  test('ends at once what waits for a file, too', { skip: process.platform === 'win32' }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pal-main-'))
    execFileSync('mkfifo', [join(folder, 'never.wav')])
    const manifest = join(folder, 'manifest.jsonl')
    const messages = [
      { role: 'user', content: '<audio>What?' },
      { role: 'assistant', content: 'Rain.' },
    ]
    await writeFile(manifest, JSON.stringify({ messages, audios: ['never.wav'] }))
    const { code, stderr } = await pal(['data', 'check', manifest], { interruptAfter: 2000 })
    assert.deepEqual([code, stderr], [130, ''])
  })
})
