import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { conversationOf } from '../data/source.js'
import { copyTokenizer } from '../model/stored/model-folder.js'
import { matcher } from '../patterns.js'
import { Random } from '../random.js'
import type { ChatTokenizer } from '../text/chat.js'
import { defaultChat } from '../text/default-chat.js'
import { openTokenizer } from '../text/open-tokenizer.js'
import { writeTokenizer } from '../text/tokenizer-json.js'
import { trainTokenizer } from '../text/train-tokenizer.js'
import type { LoadedRecipe } from './recipe/recipe.js'
import type { SourceOf } from './sources.js'
import { startFolder } from './start-folder.js'

/** The language model's, by name. */
export const EMBEDDINGS = 'llm.model.embed_tokens.weight'
const DRAWS = 1000

/**
 * The tokenizer of a run that has no pretrained language model, kept in the run's folder: that of the model it starts from
 * where it takes over its embeddings, which mean nothing with other tokens; else trained on what the sources ask and answer.
 * @throws PalError for a model to start from that has no tokenizer
 */
export async function ownTokenizer(
  folder: string,
  loaded: LoadedRecipe,
  vocabularySize: number,
  sourceOf: SourceOf,
): Promise<ChatTokenizer> {
  const path = join(folder, 'tokenizer')
  const { recipe } = loaded
  const { start } = recipe
  if (existsSync(join(path, 'tokenizer_config.json'))) return openTokenizer(path)
  if (start && matcher(start.parameters)(EMBEDDINGS)) {
    const from = startFolder(loaded, start.model)
    await openTokenizer(from)
    await mkdir(path, { recursive: true })
    await copyTokenizer(from, path)
    return openTokenizer(path)
  }
  const trained = trainTokenizer(textsOf(recipe, sourceOf), {
    vocabularySize,
    specialTokens: defaultChat.specialTokens,
  })
  await writeTokenizer(path, trained, { chatTemplate: defaultChat.template, endToken: defaultChat.endToken })
  return openTokenizer(path)
}

/** Questions and answers of every kind of batch. */
function textsOf({ seed, stages }: LoadedRecipe['recipe'], sourceOf: SourceOf): readonly string[] {
  const plans = stages.flatMap(({ batches, hears }) => batches.map((plan) => ({ plan, hears })))
  return plans.flatMap(({ plan, hears }, i) => {
    const source = sourceOf(plan, hears, true)
    const draws = Array.from({ length: DRAWS }, (_, draw) =>
      source.drawWithin(new Random(seed, 'tokenizer', i, draw), plan.seconds),
    )
    return draws.flatMap(({ turns }) => turns.flatMap(conversationOf).map(({ content }) => content))
  })
}
