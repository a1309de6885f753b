import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { counted } from '../counted.js'
import type { Draw, Turn } from '../data/source.js'
import { PalError } from '../errors.js'
import type { ChatTokenizer } from '../text/chat.js'
import type { LoadedRecipe } from '../train/recipe/recipe.js'
import type { SourceOf } from '../train/sources.js'
import { type BaseFlags, chosenBases, number, wholeNumber, withBases } from './options.js'
import { ProgressLine, showingDecoding } from './progress.js'
import { runFolder } from './train.js'
import type { CliContext } from './verb.js'

interface CheckCliOptions {
  readonly minSeconds: number
  readonly maxSeconds: number
  readonly json?: true
}

interface ShowCliOptions extends BaseFlags {
  readonly count: number
  readonly tokens?: true
}

export function register(command: Command, context: CliContext): void {
  command
    .command('check')
    .description(
      'look for audio that is missing, unreadable, damaged, silent, too short or too long, and for rows that cannot be used, before training',
    )
    .argument(
      '<manifest>',
      'rows of questions about audio, as JSON lines or a JSON list, or parquet files or tar shards',
    )
    .option('--min-seconds <seconds>', 'shorter audio is reported', number(0), 0.05)
    .option('--max-seconds <seconds>', 'longer audio is reported', number(0), 600)
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nExits with 1 if there are problems.\n\nExamples:\n  pal data check questions.jsonl\n  pal data check "path/to/train-{000..009}.tar"',
    )
    .action(async (manifest: string, { minSeconds, maxSeconds, json }: CheckCliOptions) => {
      if (minSeconds > maxSeconds) {
        throw new PalError(`expected no more than --max-seconds ${maxSeconds}, got ${minSeconds}`, {
          key: '--min-seconds',
        })
      }
      const { checkManifest } = await import('../data/manifests/check.js')
      const { placeName } = await import('../data/place.js')
      const line = new ProgressLine()
      const report = await checkManifest(manifest, {
        minSeconds,
        maxSeconds,
        sampleRate: 16_000,
        onProgress: (done, total) => line.show(`${done}/${total} files`),
      })
      line.end()
      const { rows, files, problems, warnings, seconds } = report
      if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
      else {
        for (const { kind, message, ...place } of problems) {
          const where = placeName({ ...place, file: relative('', place.file) })
          process.stdout.write(`${where}: ${kind}: ${message}\n`)
        }
        for (const warning of warnings) process.stdout.write(`${warning}\n`)
        process.stdout.write(
          `${counted(rows, 'row')}, ${counted(files, 'file')}, ${seconds.toFixed(1)} s, ${counted(problems.length, 'problem')}\n`,
        )
      }
      context.exitCode = problems.length > 0 ? 1 : 0
    })

  withBases(command.command('show'))
    .description(
      'print what a recipe draws: what is heard, questions and answers, and what of them is learnt; or how rows are read',
    )
    .argument('<what>', 'a recipe, or a manifest (.jsonl or .json), parquet files or tar shards')
    .argument('[changes...]', 'settings of the recipe to change, as key=value')
    .option('--count <number>', 'draws of each kind of batch, or rows', wholeNumber(1), 3)
    .option(
      '--tokens',
      "also the conversations' tokens, those that are learnt apart from those that are only read",
    )
    .addHelpText(
      'after',
      `
Examples:
  pal data show recipes/pal-tiny.yaml data.root=path/to/recordings --count 2
  pal data show recipes/pal-tiny.yaml data.root=path/to/recordings --count 1 --tokens
  pal data show questions.jsonl`,
    )
    .action(async (what: string, changes: readonly string[], options: ShowCliOptions) => {
      const { isManifestFile } = await import('../data/manifests/manifest.js')
      const { isShards } = await import('../data/shards/shard-files.js')
      const isRows = isManifestFile(what) || (await isShards(what))
      await (isRows ? showRows(what, changes, options) : showDraws(what, changes, options, context))
    })
}

/** The first rows of a manifest in the one form that all dialects are turned into. */
async function showRows(
  path: string,
  changes: readonly string[],
  { count, tokens, llm, encoder }: ShowCliOptions,
): Promise<void> {
  const [wrong] = [
    ...(tokens ? ['--tokens'] : []),
    ...(llm === undefined ? [] : ['--llm']),
    ...(encoder ? ['--encoder'] : []),
    ...changes,
  ]
  if (wrong !== undefined) {
    throw new PalError(`expected ${wrong} with a recipe only`, {
      file: path,
      hint: 'Rows are shown as they are read. What a model gets of them is shown of a recipe that names them as a source.',
    })
  }
  const { readManifest } = await import('../data/manifests/manifest.js')
  const { placeName } = await import('../data/place.js')
  const examples = await readManifest(path)
  for (const { place, dialect, task, audios, messages, choices, accept } of examples.slice(0, count)) {
    const where = placeName({ ...place, file: relative('', place.file) })
    const names = audios.map(({ name }) => relative('', name)).join(', ') || 'no audio'
    process.stdout.write(`${where} (${dialect}${task === undefined ? '' : `; task ${task}`}): ${names}\n`)
    for (const { role, content, learn } of messages) {
      process.stdout.write(`  ${role}${learn === false ? ' (read only)' : ''}: ${content}\n`)
    }
    if (choices) process.stdout.write(`  choices: ${choices.join(' | ')}\n`)
    if (accept) process.stdout.write(`  also right: ${accept.join(' | ')}\n`)
  }
  process.stdout.write(`${counted(examples.length, 'row')}\n`)
}

async function showDraws(
  file: string,
  changes: readonly string[],
  options: ShowCliOptions,
  context: CliContext,
): Promise<void> {
  const { loadRecipe } = await import('../train/recipe/load-recipe.js')
  const { asDrawn, loadManifests, loadSets, openSources } = await import('../train/sources.js')
  const { sampleRateOf } = await import('../train/sample-rate.js')
  const { writeApplied } = await import('../data/augment/applied.js')
  const { Random } = await import('../random.js')
  const loaded = await loadRecipe(file, changes, chosenBases(options))
  const { resolveEncoders } = await import('../model/bases/resolve-plan.js')
  const config = await resolveEncoders(loaded.recipe.model.encoders)
  const rate = sampleRateOf(config)
  const manifests = await loadManifests(loaded)
  const sets = await showingDecoding((shown) =>
    loadSets(loaded.recipe, 'all', rate, { ...shown, signal: context.signal }),
  )
  const sourceOf = await openSources(loaded, { sets, manifests }, config)
  const line = new ProgressLine()
  if (options.tokens) line.show('opening the tokenizer')
  const tokenizer = options.tokens && (await tokenizerOf(loaded, sourceOf))
  line.end()
  for (const stage of loaded.recipe.stages) {
    const { name, batches, hears } = stage
    for (const plan of batches) {
      const source = sourceOf(asDrawn(plan, stage), hears)
      for (let draw = 0; draw < options.count; draw++) {
        const drawn = source.drawWithin(new Random(loaded.recipe.seed, name, draw), plan.seconds)
        process.stdout.write(`${name}, up to ${plan.seconds} s: ${lengthAndSounds(drawn, rate)}\n`)
        for (const one of drawn.augmented ?? []) process.stdout.write(`  augmented: ${writeApplied(one)}\n`)
        for (const turn of drawn.turns) {
          process.stdout.write(`  ${turn.task}: ${turn.question} → ${turn.answer}\n`)
          if (tokenizer) process.stdout.write(await tokensOf(turn, tokenizer))
        }
      }
    }
  }
}

/** The one that a run of the recipe has: that of the run in its folder, if there is one of that size, or else as it would be. */
async function tokenizerOf(loaded: LoadedRecipe, sourceOf: SourceOf): Promise<ChatTokenizer> {
  const { resolvePlan } = await import('../model/bases/resolve-plan.js')
  const { ownTokenizer } = await import('../train/tokenizer.js')
  const { withSystem } = await import('../text/chat.js')
  const { config, bases } = await resolvePlan(loaded.recipe.model)
  if (bases.llm) return withSystem(bases.llm.tokenizer(), config.system)
  const { vocabularySize } = config.llm
  const run = runFolder(loaded)
  if (existsSync(join(run, 'tokenizer', 'tokenizer_config.json'))) {
    const own = await ownTokenizer(run, loaded, vocabularySize, sourceOf)
    if (own.vocabularySize === vocabularySize) return withSystem(own, config.system)
  }
  const folder = await mkdtemp(join(tmpdir(), 'pal-tokenizer-'))
  try {
    return withSystem(await ownTokenizer(folder, loaded, vocabularySize, sourceOf), config.system)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** How long a draw is, and what sounds in it when. */
function lengthAndSounds({ samples, sounds = [], imagined }: Draw, rate: number): string {
  const heard = sounds.map(
    ({ label, startSeconds: start, endSeconds: end }) => `${label} ${start.toFixed(2)}–${end.toFixed(2)} s`,
  )
  const how = imagined ? `, imagined for ${imagined.encoder}` : ''
  return `${(samples.length / rate).toFixed(2)} s${heard.length > 0 ? ` (${heard.join(', ')}${how})` : ''}`
}

async function tokensOf(turn: Turn, tokenizer: ChatTokenizer): Promise<string> {
  const { stretchesOf } = await import('../train/learnt-tokens.js')
  return stretchesOf(turn, tokenizer)
    .map(({ learnt, tokens }) => {
      const shown = tokens.map((token) => JSON.stringify(token).slice(1, -1).replaceAll('\\"', '"'))
      return `    ${learnt ? 'learnt' : 'read  '} ${shown.join(' · ')}\n`
    })
    .join('')
}
