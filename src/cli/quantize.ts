import { basename } from 'node:path'
import type { Command } from 'commander'
import type { Quantized } from '../model/stored/quantize-model.js'
import type { Bits } from '../weights/blocks.js'
import { bits } from './options.js'
import { ProgressLine } from './progress.js'
import type { CliContext } from './verb.js'

interface QuantizeFlags {
  readonly bits: Bits
  readonly out?: string
  readonly json?: true
}

export function register(command: Command, { signal }: CliContext): void {
  command
    .argument('<model>', 'the name of a model that ships, or the folder of a model or language model')
    .option('--bits <count>', 'of each weight: 8 or 4', bits, 4)
    .option('--out <folder>', 'where the quantised model goes (default: runs/<model>-<bits>bit)')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      `
The matrices of the language model, its embeddings and output head included, are rounded to blocks of 32 weights that
share a scale; the rest stays as it is. What that costs in accuracy, \`pal eval\` measures on the result.

Example:
  pal quantize pal-tiny --bits 8 --out runs/pal-tiny-8bit
  pal ask recording.wav 'What do you hear?' --model runs/pal-tiny-8bit`,
    )
    .action(async (model: string, { bits, ...flags }: QuantizeFlags) => {
      const { findModel } = await import('../hub/find-model.js')
      const { quantizeModel } = await import('../model/stored/quantize-model.js')
      const folder = findModel(model)
      const line = new ProgressLine()
      const done = await quantizeModel(folder, {
        bits,
        out: flags.out ?? `runs/${basename(folder)}-${bits}bit`,
        onProgress(matrices, total) {
          signal.throwIfAborted() // What has been written is then cleared away.
          line.show(`rounding ${matrices}/${total} matrices`)
        },
      })
      line.end()
      process.stdout.write(`${flags.json ? JSON.stringify(done) : summary(done)}\n`)
    })
}

function summary(done: Quantized): string {
  const { folder, bits, matrices, others, widened, relativeError, roundsBase } = done
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  const changed = `${(100 * relativeError).toFixed(2)} % (root mean square)`
  const parts = [
    matrices > 0 && `${matrices} matrices at ${bits} bits, changed by ${changed}`,
    roundsBase && `the matrices of its base at ${bits} bits, in the cache, when it is first opened`,
    `${others} tensors as they were`,
    widened > 0 && `${widened} from half precision to float32`,
    `${mebibytes(done.bytesBefore)} → ${mebibytes(done.bytesAfter)}`,
  ]
  return `${folder}: ${parts.filter(Boolean).join('; ')}`
}
