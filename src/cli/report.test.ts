import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import { PalError } from '../errors.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { ProgressLine } from './progress.js'
import { report } from './report.js'

const { signal: quiet } = new AbortController()

/** What is told of an error, and what is exited with. */
function told(context: TestContext, error: unknown, signal = quiet): [code: number, text: string] {
  const written: string[] = []
  const write = context.mock.method(process.stderr, 'write', (text: string) => written.push(text) > 0)
  const code = report(error, 'pal', signal)
  write.mock.restore()
  return [code, written.join('')]
}

describe('what the file system refuses is a mistake, with its path and why', () => {
  let folder: string
  let file: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pal-report-'))
    file = join(folder, 'file')
    await writeFile(file, '')
    await mkdir(join(folder, 'full', 'of'), { recursive: true })
  })
  const cases: readonly (readonly [name: string, attempt: () => Promise<unknown>, message: RegExp])[] = [
    [
      'a folder where a file is',
      () => mkdir(file, { recursive: true }),
      /file: cannot be made \(file already exists\)\n$/,
    ],
    [
      'a folder under a file',
      () => mkdir(join(file, 'under'), { recursive: true }),
      /file\/under: cannot be made \(not a directory\)\n$/,
    ],
    [
      'a file in no folder, written atomically',
      () => writeAtomically(join(folder, 'none', 'report.json'), ''),
      /none\/report\.json: cannot be opened \(no such file or directory\)\n$/,
    ],
    [
      'a folder that is not empty',
      () => rename(join(folder, 'full', 'of'), folder),
      /full\/of: cannot be renamed \(directory not empty\)\n$/,
    ],
    [
      'a folder that is read as a file',
      () => readFile(folder),
      /^pal: a file: cannot be read \(illegal operation on a directory\)\n$/,
    ],
    [
      'a full disk',
      () =>
        Promise.reject(
          Object.assign(new Error('ENOSPC: no space left on device, write'), {
            code: 'ENOSPC',
            syscall: 'write',
          }),
        ),
      /^pal: a file: cannot be written \(no space left on device\)\n$/,
    ],
  ]
  for (const [name, attempt, message] of cases) {
    test(name, async (context) => {
      const error = await attempt().catch((cause: unknown) => cause)
      const [code, text] = told(context, error)
      assert.equal(code, 1)
      assert.match(text, message)
    })
  }
})

test('a program that is not there is no refusal of the file system', (context) => {
  const error = Object.assign(new Error('spawn ffmpeg ENOENT'), { code: 'ENOENT', syscall: 'spawn ffmpeg' })
  assert.match(told(context, error)[1], /^pal: this is a fault of pal-audio/)
})

test('on a terminal a mistake is told on a line of its own, behind one that shows how far something was', (context) => {
  const terminal = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY')
  context.after(() => Object.defineProperty(process.stderr, 'isTTY', terminal ?? { value: undefined }))
  Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true })
  const write = context.mock.method(process.stderr, 'write', () => true)
  new ProgressLine().show('7/9 questions')
  write.mock.restore()
  const error = new PalError('expected a finite loss')
  assert.deepEqual(told(context, error), [1, '\npal: expected a finite loss\n'])
  assert.deepEqual(told(context, error), [1, 'pal: expected a finite loss\n'])
})

test('after a Ctrl-C nothing is told of what that ended, and everything of what went wrong meanwhile', (context) => {
  const interruption = new AbortController()
  interruption.abort()
  const { signal } = interruption
  const wrapped = new PalError('expected audio that can be read', { file: 'a.wav', cause: signal.reason })
  const ofNode = new DOMException('This operation was aborted', 'AbortError')
  for (const error of [signal.reason, ofNode, wrapped]) {
    assert.deepEqual(told(context, error, signal), [130, ''])
  }
  const full = Object.assign(new Error("ENOSPC: no space left on device, open '/runs/checkpoint'"), {
    ...{ code: 'ENOSPC', syscall: 'open', path: '/runs/checkpoint' },
  })
  assert.deepEqual(told(context, full, signal), [
    1,
    'pal: /runs/checkpoint: cannot be opened (no space left on device)\n',
  ])
  assert.equal(told(context, new Error('oh'), signal)[0], 1)
})
