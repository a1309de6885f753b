import { backgroundLabels } from '../data/scenes/background.js'
import type { ResolvedPlan } from '../model/bases/resolve-plan.js'
import { rankZeroFirst } from '../parallel/ranks.js'
import { type ChatMessage, type ChatTokenizer, withSystem } from '../text/chat.js'
import type { LoadedRecipe } from './recipe/recipe.js'
import type { RunOptions } from './run-options.js'
import { sampleRateOf } from './sample-rate.js'
import {
  type LoadedData,
  type LoadedSets,
  loadManifests,
  loadSets,
  openSources,
  type SourceOf,
} from './sources.js'
import { ownTokenizer } from './tokenizer.js'

/** What a run learns from. */
export interface Material {
  readonly data: LoadedData
  readonly sourceOf: SourceOf
  readonly tokenizer: ChatTokenizer
  /** Every label that may sound, in a fixed order. */
  readonly labels: readonly string[]
}

/** Decodes the recordings, opens the sources and, for a language model that is no base's, makes the tokenizer. */
export async function openMaterial(
  loaded: LoadedRecipe,
  { config, bases }: ResolvedPlan,
  { folder, ranks, signal, onEvent }: RunOptions,
): Promise<Material> {
  const onWarning = (message: string) => onEvent({ kind: 'warning', message })
  const manifests = await loadManifests(loaded)
  const sets = await loadSets(loaded.recipe, 'all', sampleRateOf(config), {
    onProgress: (set, done, total) => onEvent({ kind: 'decoding', set, done, total }),
    onWarning,
    signal,
  })
  const data = { sets, manifests }
  const chat = bases.llm && withSystem(bases.llm.tokenizer(), config.system)
  const sourceOf = await openSources(loaded, data, config, {
    onWarning,
    ...(chat && { expectTeachable: (messages) => expectTeachable(chat, messages) }),
  })
  const tokenizer =
    chat ??
    withSystem(
      await rankZeroFirst(ranks, () => ownTokenizer(folder, loaded, config.llm.vocabularySize, sourceOf)),
      config.system,
    )
  return { data, sourceOf, tokenizer, labels: labelsOf(sets) }
}

/** Says at once what the first batch would say. @throws PalError for a chat template that is missing or of no use */
export function expectTeachable(
  tokenizer: ChatTokenizer,
  messages: readonly ChatMessage[] = ONE_QUESTION,
): void {
  tokenizer.chat(messages, { addGenerationPrompt: false })
}

const ONE_QUESTION: readonly ChatMessage[] = [
  { role: 'user', content: 'What do you hear?' },
  { role: 'assistant', content: 'A dog.' },
]

function labelsOf(sets: LoadedSets): readonly string[] {
  const labels = new Set([...sets.values()].flat().map(({ label }) => label))
  return labels.size === 0 ? [] : [...labels, ...backgroundLabels].sort()
}
