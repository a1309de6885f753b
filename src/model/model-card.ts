import { layerCount } from '../encoders/encoder.js'
import type { IntegrationConfig } from '../integration/config.js'
import type { BaseRecord, ModelDescription } from './model-description.js'

/** The README.md of a model's folder: what it is and how it is asked, from its own configuration. */
export function modelCard(
  { name, sampleRate, trainedSeconds, model, bases }: ModelDescription,
  parameters: number,
): string {
  const { llm } = model
  const encoders = model.encoders.map(
    ({ name, encoder, connector }) =>
      `| encoder \`${name}\` | ${encoder.kind}, ${layerCount(encoder)} layers of ${encoder.hiddenSize}, windows of ${encoder.windowSeconds} s, ${connector.kind} connector${from(bases?.encoders?.[name])} |`,
  )
  return `# ${name}

A language model that hears, in the format of the package pal-audio.

| | |
|---|---|
| parameters | ${parameters.toLocaleString('en-US')}${bases ? ' of its own' : ''} |
${encoders.join('\n')}
| integration | ${describe(model.integration)} |
| language model | ${llm.layers} layers of ${llm.hiddenSize}, ${llm.heads} heads (${llm.keyValueHeads} of keys and values), ${llm.vocabularySize} tokens${from(bases?.llm)} |
| audio | ${sampleRate} Hz, trained on up to ${trainedSeconds} s |

\`\`\`sh
pal ask recording.wav 'What do you hear?' --model path/to/this/folder
\`\`\`
`
}

function from(base: BaseRecord | undefined): string {
  return base ? `, from ${base.name}` : ''
}

function describe(integration: IntegrationConfig): string {
  if (integration.kind === 'flamingo') return `Flamingo, a gated block every ${integration.every} layers`
  if (integration.kind !== 'pal') return integration.kind.toUpperCase()
  const { form } = integration
  if ('summaryTokens' in form) return `PAL, ${form.summaryTokens} summary tokens by PLITS, all tokens by LAL`
  const routes = Object.entries(form.routes).map(([encoder, route]) => `${encoder} by ${route.toUpperCase()}`)
  return `PAL, ${routes.join(', ')}`
}
