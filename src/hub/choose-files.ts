import { PalError } from '../errors.js'
import type { RepositoryFile } from './listing.js'
import { type ModelName, writeModelName } from './model-name.js'

/** What is read besides the weights, where a repository has it. */
const SMALL_FILES: ReadonlySet<string> = new Set([
  ...['config.json', 'generation_config.json', 'preprocessor_config.json', 'processor_config.json'],
  ...['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'],
  ...['vocab.json', 'merges.txt', 'chat_template.jinja', 'chat_template.json'],
])
const INDEX = 'model.safetensors.index.json'
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/

/**
 * The files of a repository that a model needs, small ones first: the configuration, the tokenizer, and weights as
 * safetensors; or the one GGUF file that is named, or the only one there is.
 * @throws AmbiguousModelError for a choice that has to be made
 * @throws PalError for a file that is not there, and where there are no such weights
 */
export function chooseFiles(name: ModelName, files: readonly RepositoryFile[]): readonly RepositoryFile[] {
  if (name.file !== undefined) return [namedFile(name, name.file, files)]
  const weights = safetensors(files)
  if (weights.length > 0) return [...files.filter(({ path }) => SMALL_FILES.has(path)), ...weights]
  const ggufs = files.filter(({ path }) => path.endsWith('.gguf'))
  if (ggufs.length === 1) return ggufs
  const title = writeModelName(name)
  if (ggufs.length > 1) {
    const message = `expected one of the ${ggufs.length} GGUF files of ${title} to be named, got none`
    throw new AmbiguousModelError(message, {
      hint: `For example: pal pull ${title}:${commonest(ggufs).path}\n${listed(ggufs)}`,
    })
  }
  const pickles = files.some(({ path }) => /\.(bin|pt|pth|ckpt)$/.test(path))
  throw new PalError(
    `expected weights as safetensors or GGUF, got ${pickles ? 'only PyTorch pickles' : 'none'} in ${title}`,
    {
      hint: pickles
        ? 'Pickles can run code when they are opened, and are not read. Look for a conversion to safetensors.'
        : 'Check that the repository holds a model.',
    },
  )
}

/** A repository holds several models, and nobody has said which is meant. The hint says how to. */
export class AmbiguousModelError extends PalError {}

/** What most people would take: the first of many, by name, is the coarsest. */
function commonest(ggufs: readonly RepositoryFile[]): RepositoryFile {
  const named = (type: string) => ggufs.find(({ path }) => path.toUpperCase().includes(type))
  return named('Q8_0') ?? named('Q4_K_M') ?? named('Q4_') ?? ggufs.at(-1)!
}

/** Its weights as Transformers writes them, in one file or in shards with their index; or the only such file. */
function safetensors(files: readonly RepositoryFile[]): readonly RepositoryFile[] {
  const whole = files.filter(({ path }) => path === 'model.safetensors')
  if (whole.length > 0) return whole
  const index = files.filter(({ path }) => path === INDEX)
  if (index.length > 0) return [...index, ...files.filter(({ path }) => SHARD.test(path))]
  const others = files.filter(({ path }) => /^[^/]+\.safetensors$/.test(path))
  return others.length === 1 ? others : []
}

function namedFile(name: ModelName, path: string, files: readonly RepositoryFile[]): RepositoryFile {
  const found = files.find((file) => file.path === path)
  if (found) return found
  const ggufs = files.filter((file) => file.path.endsWith('.gguf'))
  const { repository, revision } = name
  throw new PalError(`expected ${path} in ${writeModelName({ repository, revision })}, got no such file`, {
    hint: ggufs.length === 0 ? 'It has no GGUF files at all.' : `It has:\n${listed(ggufs)}`,
  })
}

function listed(files: readonly RepositoryFile[]): string {
  return files
    .slice(0, 40)
    .map(({ path, bytes }) => `  ${path} (${Math.ceil(bytes / 2 ** 20)} MiB)`)
    .join('\n')
}
