import { LLAMA_SIZES } from '../llm/config.js'
import { openLanguageModel } from '../model/checkpoints/open-language-model.js'
import { peakMemoryMiB } from '../runtime/peak-memory.js'
import { Runtime, type WeightSource } from '../runtime/runtime.js'
import { readTensor, type StoredTensor } from '../weights/safetensors.js'
import { AnswerRun } from './answer-run.js'
import {
  type BenchConfiguration,
  benchModel,
  FEATURES,
  integrationOf,
  isPrepacked,
  isSize,
} from './configuration.js'
import { measurePeaks } from './machine.js'
import { randomWeights } from './random-weights.js'
import type { ContestantEvent, ContestantTask } from './run-contestant.js'
import { TrainStep } from './train-step.js'
import { weightProductsMs } from './weight-products.js'

/**
 * One configuration in a process of its own, started by run-contestant.ts with a task as JSON; it tells what it measures
 * line by line on standard output.
 */
const task = JSON.parse(process.argv[2] as string) as ContestantTask
const { provider, threads } = task.configuration
const runtime = await Runtime.start({ provider, threads })
if (task.kind === 'peaks') tell({ kind: 'peaks', ...(await measurePeaks(runtime)) })
else if (task.kind === 'products') {
  const { config, weights } = await open(task.configuration, task.weights)
  const prepacking = isPrepacked(task.configuration)
  tell({
    kind: 'products',
    milliseconds: await weightProductsMs(runtime, config.llm, { weights, prepacking }),
  })
} else await measure(task)
await runtime.close()

async function measure({ configuration, weights: folder, warmUp, steps }: ContestantTask): Promise<void> {
  const start = performance.now()
  const step = await prepare(configuration, folder)
  const loadMs = performance.now() - start
  tell({ kind: 'ready', loadMs })
  for (let i = 0; i < warmUp; i++) await step()
  for (let i = 0; i < steps; i++) tell({ kind: 'sample', ...(await step()) })
  tell({ kind: 'done', peakMiB: peakMemoryMiB() })
}

type Sample = Omit<Extract<ContestantEvent, { kind: 'sample' }>, 'kind'>

async function prepare(configuration: BenchConfiguration, folder: string): Promise<() => Promise<Sample>> {
  const { config, weights } = await open(configuration, folder)
  const { task, integration } = configuration
  if (task === 'infer') {
    const run = await AnswerRun.compile(runtime, configuration, config, weights)
    return async () => {
      const times = await run.run()
      return { milliseconds: times.listenMs + times.promptMs, ...times }
    }
  }
  const { batch, questions, audioTokens, textTokens, checkpointing, prepacking } = configuration
  const step = await TrainStep.compile(
    runtime,
    {
      ...{ llm: config.llm, batch, questions, audioTokens, textTokens, checkpointing, prepacking },
      integration: integrationOf(integration),
      featureSize: FEATURES,
    },
    weights,
    (name) => readTensor(weights(name) as WeightSource & StoredTensor),
  )
  return async () => {
    const start = performance.now()
    await step.run()
    return { milliseconds: performance.now() - start }
  }
}

/** The language model that is measured, its own weights or random ones, with whatever hears for it. */
async function open({ integration, llm, bits, encoder }: BenchConfiguration, folder: string) {
  const opened = isSize(llm) ? undefined : await openLanguageModel(llm, bits === 32 ? {} : { bits })
  const sizes = opened?.config ?? LLAMA_SIZES[llm as keyof typeof LLAMA_SIZES]
  const config = benchModel(integration, sizes, encoder || undefined)
  const random = await randomWeights(config, bits, folder, opened ? ['others'] : undefined)
  const weights = (name: string) => (opened && name.startsWith('llm.') ? opened.weights(name) : random(name))
  return { config, weights }
}

function tell(event: ContestantEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}
