import { relative } from 'node:path'
import type { Command } from 'commander'
import { number, wholeNumber } from './options.js'
import { ProgressLine } from './progress.js'
import type { CliContext } from './verb.js'

interface CheckCliOptions {
  readonly minSeconds: number
  readonly maxSeconds: number
  readonly json?: true
}

export function register(command: Command, context: CliContext): void {
  command
    .command('check')
    .description(
      'look for audio that is missing, unreadable, silent, too short or too long, before it is trained on',
    )
    .argument('<manifest>', 'JSON lines of messages and audios, or parquet files or tar shards')
    .option('--min-seconds <seconds>', 'shorter audio is reported', number(0), 0.05)
    .option('--max-seconds <seconds>', 'longer audio is reported', number(0), 600)
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nExits with 1 if there are problems.\n\nExamples:\n  pal data check questions.jsonl\n  pal data check "path/to/train-{000..009}.tar"',
    )
    .action(async (manifest: string, { minSeconds, maxSeconds, json }: CheckCliOptions) => {
      const { checkManifest } = await import('../data/check.js')
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
          `${rows} rows, ${files} files, ${seconds.toFixed(1)} s, ${problems.length} problems\n`,
        )
      }
      context.exitCode = problems.length > 0 ? 1 : 0
    })

  command
    .command('show')
    .description('print what a recipe draws: questions, answers and how long the audio is')
    .argument('<recipe>', 'a YAML file')
    .argument('[changes...]', 'settings to change, as key=value')
    .option('--count <number>', 'draws of each kind of batch', wholeNumber(1), 3)
    .addHelpText(
      'after',
      '\nExample:\n  pal data show recipes/pal-tiny.yaml data.root=path/to/recordings --count 2',
    )
    .action(async (file: string, changes: readonly string[], { count }: { readonly count: number }) => {
      const { loadRecipe } = await import('../train/recipe.js')
      const { loadSets, openSources } = await import('../train/sources.js')
      const { sampleRateOf } = await import('../train/sample-rate.js')
      const { Random } = await import('../random.js')
      const loaded = await loadRecipe(file, changes)
      const { resolveEncoders } = await import('../model/model-plan.js')
      const rate = sampleRateOf(await resolveEncoders(loaded.recipe.model.encoders))
      const line = new ProgressLine()
      const sets = await loadSets(loaded.recipe, 'all', rate, {
        onProgress: (set, done, total) => line.show(`decoding ${set} ${done}/${total}`),
        onWarning: (message) => line.note(`warning: ${message}`),
        signal: context.signal,
      })
      line.end()
      const sourceOf = await openSources(loaded, sets, rate)
      for (const { name, batches, hears } of loaded.recipe.stages) {
        for (const plan of batches) {
          const source = sourceOf(plan, hears)
          for (let draw = 0; draw < count; draw++) {
            const { samples, turns } = source.drawWithin(
              new Random(loaded.recipe.seed, name, draw),
              plan.seconds,
            )
            process.stdout.write(
              `${name}, up to ${plan.seconds} s: ${(samples.length / rate).toFixed(2)} s\n`,
            )
            for (const { task, question, answer } of turns)
              process.stdout.write(`  ${task}: ${question} → ${answer}\n`)
          }
        }
      }
    })
}
