import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import { writeTinyEsc50 } from './eval/layouts/tiny-esc50.test.helper.js'
import { fixture } from './llm/reference.test.helper.js'
import { packageFolder } from './package-folder.js'
import { MPIRUN_ENV, MPIRUN_FLAGS, mpirunMissing } from './parallel/mpirun.test.helper.js'
import {
  ONE_STEP_EACH,
  onlyDigits,
  TINY_BASE_CHANGES,
  TINY_CHANGES,
  TINY_MODEL,
  writeTinyRecordings,
} from './train/tiny-run.test.helper.js'

/**
 * Every command in README and docs is run here: those about training with few steps of a tiny model on invented
 * recordings, those about speed with a tiny language model. What a model is built on is not fetched: that it is missing is
 * told. The order is that of a reader: what one command leaves behind, the next may use.
 */
const root = packageFolder()
const pages = [
  'README.md',
  'docs/training.md',
  'docs/recipes.md',
  'docs/evaluation.md',
  'docs/architecture.md',
  'docs/models.md',
  'docs/performance.md',
  'docs/comparison.md',
  'examples/README.md',
  'models/pal-tiny/README.md',
  'models/pal-smollm2-135m/README.md',
]

let recordings: string
let esc50: string
let output: string
before(async () => {
  recordings = await writeTinyRecordings()
  esc50 = await writeTinyEsc50()
  output = await mkdtemp(join(tmpdir(), 'pal-docs-'))
  process.env.PAL_CACHE = join(output, 'cache') // The commands are to leave nothing behind.
})

const OFFLINE = { HF_HUB_OFFLINE: '1', HF_HOME: join(tmpdir(), 'no-such-cache') }

const done = new Set<string>()
for (const page of pages) {
  if (!existsSync(join(root, page))) continue
  for (const command of commandsOf(await readFile(join(root, page), 'utf8'))) {
    if (done.has(command)) continue
    done.add(command)
    const skip = command.startsWith('mpirun ') && (await mpirunMissing())
    test(`${page}: ${command}`, { skip }, () => check(command))
  }
}

test('no page has a command that could fetch a stranger’s package', async () => {
  const docs = (await readdir(join(root, 'docs')))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
  for (const page of new Set([...pages, ...docs])) {
    if (!existsSync(join(root, page))) continue
    const text = await readFile(join(root, page), 'utf8')
    assert.doesNotMatch(text, /\b(npx|npm exec|npm x|pnpm dlx|yarn dlx|bunx)\s+(-\S+\s+)*pal(\s|@|$)/m, page)
    assert.doesNotMatch(text, /\b(npm (i|install|add)|yarn add|pnpm add)\s+(-\S+\s+)*pal(\s|@|$)/m, page)
  }
})

async function check(command: string): Promise<void> {
  if (['npm ci', 'npm test'].includes(command)) return // What this test is run by and after.
  const script = command.match(/^(?:bash|python3?) (\S+)/)
  if (script) {
    assert.ok(existsSync(join(root, script[1] as string)), script[1])
    return
  }
  const task = command.match(/^npm --prefix (\S+) run (\S+)$/)
  if (task) {
    const { scripts } = JSON.parse(await readFile(join(root, task[1] as string, 'package.json'), 'utf8'))
    assert.ok(scripts[task[2] as string], command)
    return
  }
  const [launcher, verb] = command.split(/(?<=^|^mpirun .*)\bnode (?=bin\/pal\.js )/)
  assert.ok(verb !== undefined, `a command that this test knows how to run: ${command}`)
  const [program, ...args] = [
    ...words(launcher as string).flatMap((word) => (word === 'mpirun' ? [word, ...MPIRUN_FLAGS] : word)),
    ...[process.execPath, ...inTheSmall(words(verb))],
  ] as [string, ...string[]]
  const run = promisify(execFile)(program, args, {
    cwd: root,
    env: { ...process.env, ...MPIRUN_ENV, ...OFFLINE },
  })
  if (listensOnBase(args)) {
    await assert.rejects(run, /expected ".*", which this model is built on, got nothing[\s\S]*pal pull/)
  } else {
    assert.notEqual((await run).stdout, '')
  }
}

/** Does a command open the model that ships without its bases? */
function listensOnBase(args: readonly string[]): boolean {
  return args.some((arg) => /(^|\/)pal-smollm2-135m$/.test(arg))
}

/** The same command on invented recordings, with a smaller model, fewer steps and fewer questions. */
function inTheSmall(args: readonly string[]): string[] {
  const run = join(output, 'run')
  const onBase = join(output, 'on-base')
  const ownQuestions = join(output, 'own-questions')
  const small = args.map((arg) =>
    arg
      .replace('path/to/recordings', recordings)
      .replace('path/to/ESC-50', esc50)
      .replace('path/to/shards', 'src/data/shards/fixtures/labelled')
      .replace('runs/pal-tiny', run)
      .replace('runs/own-questions', ownQuestions)
      .replace('runs/smollm2-pal', onBase)
      .replace('runs/compare-tiny', join(output, 'compare'))
      .replace('runs/eval-examples-questions.jsonl-default', join(output, 'eval', 'questions.jsonl'))
      .replace('runs/two-ranks', join(output, 'two-ranks'))
      .replace('path/to/language-model', fixture('smollm2')),
  )
  const groups = 'data.sets.drums.heldOut=[The Black Pearl 1.0, rumpf_kit_z01_h2]'
  switch (args[1]) {
    case 'train':
      if (args[2] === 'recipes/own-questions.yaml')
        return [...small, `output=${ownQuestions}`, 'stages.0.steps=2']
      return args[2] === 'recipes/smollm2-pal.yaml'
        ? [...small, `output=${onBase}`, ...TINY_BASE_CHANGES]
        : [
            ...small,
            ...(small.some((arg) => arg.startsWith('output=')) ? [] : [`output=${run}`]),
            ...TINY_CHANGES,
            ...ONE_STEP_EACH,
            // Scenes are heard in the other run.
            ...(args.includes('output=runs/two-ranks') ? [0, 1, 2, 3, 4, 5].map(onlyDigits) : []),
          ]
    case 'eval':
      return [
        ...small,
        '--limit',
        '2',
        '--scenes',
        '2',
        '--out',
        // What one model answered, by one protocol, is not gone on with by another.
        join(
          output,
          'eval',
          ...args
            .slice(2)
            .filter((arg, i, all) => !/^--|=/.test(arg) && all[i - 1] !== '--against')
            .map((arg) => basename(arg)),
        ),
      ]
    case 'compare':
      if (!args[2]?.endsWith('.yaml')) return small // The report alone.
      return [
        ...small,
        groups,
        `start.model=${join(run, 'stages', 'timeline')}`,
        'model.encoders.0.encoder.meanNormalizationSeconds=1', // as the encoder that it starts from here has
        ...[...TINY_CHANGES, ...ONE_STEP_EACH].filter((change) => !/^stages\.[1-5]\./.test(change)),
        onlyDigits(0),
        ...['--integrations', 'plits,lal', '--seeds', '1', '--limit', '1', '--scenes', '2'],
        ...['--out', join(output, 'compare')],
      ]
    case 'data':
      return args.includes('--tokens') ? [...small, `output=${run}`, ...TINY_MODEL] : small
    case 'bench':
      return [
        ...small,
        ...['--llm', fixture('smollm2'), '--integrations', 'lal', '--audio-tokens', '8', '--batch', '1'],
        ...['--rounds', '1', '--steps', '1', '--weights', join(output, 'weights')],
        // One folder for all of them: the machine's peaks, which take longest, are measured once.
        ...['--out', join(output, 'bench')],
      ]
    default:
      return small
  }
}

function commandsOf(page: string): readonly string[] {
  return [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block]) => (block as string).replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** Splits as a shell does, as far as double quotes go. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? (plain as string))
}
