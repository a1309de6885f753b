import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packageFolder } from './package-folder.js'

/** All that a program may name of what it is given and gives. */
const PROGRAM = `
import {
  type AskOptions, type AskResult, type Audio, type Fetching, findModel, type ListenOptions, type Loadable,
  type LoadOptions, loadPal, type Pal, PalError, type PullProgress, type Question, type ReadAudioOptions, readAudio,
  type ScoreOptions, type TokensByRoute,
} from 'pal-audio'

async function* stream(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(8)
}

const { signal } = new AbortController()
const fetching: Fetching = { onProgress: ({ name, done }: PullProgress & { readonly name: string }) => [name, done] }
const loading: LoadOptions = { model: findModel('pal-tiny'), fetch: fetching, signal }
const sources: readonly Loadable[] = ['a.wav', new URL('file:///a.wav'), new Uint8Array(8), stream()]
const reading: ReadAudioOptions = { maxSeconds: 60, signal }
const listening: ListenOptions = { maxSeconds: 60, signal }
const scoring: ScoreOptions = { ...listening, history: [{ role: 'user', content: 'What is it?' }] }
const asking: AskOptions = { ...scoring, maxTokens: 64 }
const questions: readonly Question[] = [{ audio: 'a.wav', question: 'What is it?' }]

export async function main(): Promise<TokensByRoute> {
  const audios: Audio[] = []
  for (const source of sources) audios.push(await readAudio(source, reading))
  const pal: Pal = await loadPal(loading)
  const memory = await pal.listen(audios, listening)
  for await (const piece of pal.ask(memory, 'What is it?', asking)) console.log(piece)
  await pal.score(memory, 'What is it?', ['A dog.'], scoring)
  const [result]: readonly AskResult[] = await pal.askAll(questions, listening)
  await pal[Symbol.asyncDispose]()
  if (!result) throw new PalError('expected a result')
  return result.audioTokens
}
`

test('the declarations need neither the types of Node nor skipLibCheck', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-consumer-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const installed = join(folder, 'node_modules', 'pal-audio')
  await cp(dirname(fileURLToPath(import.meta.url)), join(installed, 'dist'), {
    recursive: true,
    filter: (path) => !/\.\w+$/.test(path) || /(?<!\.test(\.\w+)?)\.d\.ts$/.test(path),
  })
  await cp(join(packageFolder(), 'package.json'), join(installed, 'package.json'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'program.ts'), PROGRAM)
  const config = {
    compilerOptions: {
      ...{ target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom'], types: [] },
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
    },
    files: ['program.ts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const compiler = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc')
  const run = promisify(execFile)(process.execPath, [compiler, '-p', folder])
  assert.equal(
    await run.then(
      () => '',
      ({ stdout }) => stdout,
    ),
    '',
  )
})
