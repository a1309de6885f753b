import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { PalError } from '../errors.js'
import { DownloadBar, ProgressLine } from './progress.js'
import type { CliContext } from './verb.js'

interface Options {
  readonly revision?: string
  readonly name?: string
  readonly json?: true
}

export function register(command: Command, { signal }: CliContext): void {
  command
    .argument(
      '[model]',
      'OWNER/NAME on the hub, with @REVISION and :FILE.gguf if need be; or a folder or GGUF file of this machine',
    )
    .option('--revision <name>', 'a branch, a tag or a commit (default: main)')
    .option('--name <name>', 'with a folder or file: check it, and give it this name')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Without a model, lists what is on this machine. Files go into the cache that Hugging Face's own tools use, so nothing is
downloaded twice; a download that was stopped goes on with the next call. Read from the environment: HF_TOKEN, HF_HOME,
HF_HUB_CACHE, HF_HUB_OFFLINE, HF_ENDPOINT.

Examples:
  pal pull HuggingFaceTB/SmolLM2-135M-Instruct
  pal pull Qwen/Qwen2.5-0.5B-Instruct-GGUF:qwen2.5-0.5b-instruct-q4_k_m.gguf
  pal pull ./my-model --name mine`,
    )
    .action(async (model: string | undefined, options: Options) => {
      if (model === undefined) return list(options)
      const isHere = await stat(model).catch(() => undefined)
      if (isHere || options.name !== undefined) return nameLocal(model, options, signal)
      return fromHub(model, options, signal)
    })
}

async function fromHub(text: string, { revision, json }: Options, signal: AbortSignal): Promise<void> {
  const { hubSettings } = await import('../hub/settings.js')
  const { parseModelName } = await import('../hub/model-name.js')
  const { pull } = await import('../hub/pull.js')
  const name = parseModelName(revision === undefined ? text : withRevision(text, revision))
  if (!name) {
    throw new PalError(
      `expected a model of the hub (OWNER/NAME), or a folder or file that is there, got "${text}"`,
    )
  }
  const line = new ProgressLine()
  const bar = new DownloadBar()
  try {
    const pulled = await pull(name, await hubSettings(), {
      signal,
      onProgress: (progress) => line.show(bar.draw(progress)),
      onNotice: (sentence) => line.note(sentence),
    })
    line.end()
    process.stdout.write(`${json ? JSON.stringify(pulled) : pulled.path}\n`)
  } catch (error) {
    line.end()
    if (signal.aborted)
      process.stderr.write('pal: stopped; what has arrived is kept, the same call goes on from there\n')
    throw error
  }
}

/** `OWNER/NAME:FILE` and a revision apart from it. */
function withRevision(text: string, revision: string): string {
  if (text.includes('@')) throw new PalError('expected one revision, got two', { key: '--revision' })
  const [repository, ...file] = text.split(':')
  return [`${repository}@${revision}`, ...file].join(':')
}

async function nameLocal(
  path: string,
  { name, revision, json }: Options,
  signal: AbortSignal,
): Promise<void> {
  const { hubSettings } = await import('../hub/settings.js')
  const { nameModel } = await import('../hub/named-models.js')
  if (name === undefined) {
    throw new PalError(`expected a name for what is on this machine already, got none`, {
      key: '--name',
      hint: `For example: pal pull ${path} --name mine. A path can also be used as it is, without being pulled.`,
    })
  }
  if (revision !== undefined) {
    throw new PalError('expected a revision only with a model of the hub', { key: '--revision' })
  }
  const line = new ProgressLine()
  const bar = new DownloadBar()
  const onProgress = (done: number, total: number) => line.show(bar.draw({ file: path, done, total }))
  const model = await nameModel(path, name, await hubSettings(), { signal, onProgress })
  line.end()
  process.stdout.write(`${json ? JSON.stringify(model) : model.path}\n`)
}

async function list({ json, name, revision }: Options): Promise<void> {
  const useless = name !== undefined ? '--name' : revision !== undefined ? '--revision' : undefined
  if (useless)
    throw new PalError('expected a model, a folder or a file before it, got none', { key: useless })
  const { hubSettings } = await import('../hub/settings.js')
  const { HubCache } = await import('../hub/cache.js')
  const { describeCache } = await import('../hub/describe-cache.js')
  const { namedModels } = await import('../hub/named-models.js')
  const settings = await hubSettings()
  if (!json) return void process.stdout.write(`${await describeCache(settings)}\n`)
  const [named, cached] = [await namedModels(settings), await new HubCache(settings.cache).list()]
  process.stdout.write(`${JSON.stringify({ cache: settings.cache, named, cached })}\n`)
}
