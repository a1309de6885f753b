import { HubCache } from '../hub/cache.js'
import { defaultModel, findModel, shippedModels } from '../hub/find-model.js'
import { namedModels } from '../hub/named-models.js'
import { hubSettings } from '../hub/settings.js'
import { missingBases } from '../model/bases/open-bases.js'
import { readDescription } from '../model/config/model-description.js'
import { loadPal } from '../model/pal.js'
import { type Check, check } from './check.js'

/** Loads each model that ships and lets it say one word about silence. */
export async function checkModels(): Promise<readonly Check[]> {
  const names = shippedModels()
  const checks: Check[] = names.includes(defaultModel)
    ? []
    : [
        {
          name: `model ${defaultModel}`,
          status: 'missing',
          found: 'the model that is used when none is named is not there',
          advice: 'Name a model with --model, or train one with `pal train`.',
        },
      ]
  for (const name of names) checks.push(await checkModel(name))
  return checks
}

function checkModel(name: string): Promise<Check> {
  return check(
    `model ${name}`,
    async () => {
      const missing = await missingBases(await readDescription(findModel(name)))
      if (missing.length > 0) {
        const found = `built on ${missing.join(' and ')}, not on this machine`
        return { status: 'missing', found, advice: `The first \`pal ask --model ${name}\` fetches it.` }
      }
      const start = performance.now()
      const pal = await loadPal({ model: name, fetch: false })
      try {
        const { sampleRate, trainedSeconds } = pal.description
        const silence = {
          samples: new Float32Array(sampleRate / 2),
          sampleRate,
          seconds: 0.5,
          source: { name: 'silence', format: 'wav', sampleRate, channels: 1, seconds: 0.5 },
          warnings: [],
        } as const
        await pal.ask(silence, 'What do you hear?', { maxTokens: 1 }).result
        const seconds = ((performance.now() - start) / 1000).toFixed(1)
        return { found: `answers, ${seconds} s after it was asked for; trained on up to ${trainedSeconds} s` }
      } finally {
        await pal.close()
      }
    },
    'Install again, or train it again.',
  )
}

/** What `pal pull` or Python has fetched, and what was given a name here. */
export function checkCheckpoints(): Promise<Check> {
  return check(
    'checkpoints',
    async () => {
      const settings = await hubSettings()
      const named = (await namedModels(settings)).map(({ name }) => name)
      const fetched = (await new HubCache(settings.cache).list()).map(({ repository }) => repository)
      const found = [...named, ...fetched].join(', ')
      return { found: found || `none in ${settings.cache}; \`pal pull OWNER/NAME\` fetches one` }
    },
    'Empty the cache, or name another with HF_HUB_CACHE.',
  )
}
