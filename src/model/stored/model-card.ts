import { labelsOf, layerCount } from '../../encoders/encoder.js'
import type { IntegrationConfig } from '../../integration/config.js'
import { BLOCK_SIZE } from '../../weights/blocks.js'
import type { BaseRecord, ModelDescription } from '../config/model-description.js'

/** The model that another was made of by rounding, and its card, if there is one, by its path from the other's. */
export interface Origin {
  readonly name: string
  readonly card?: string
}

/** The README.md of a model's folder: what it is and how it is asked, from its own configuration. */
export function modelCard(
  { name, sampleRate, trainedSeconds, model, bases, quantization }: ModelDescription,
  parameters: number,
  origin?: Origin,
): string {
  const { llm } = model
  const encoders = model.encoders.map(
    ({ name, encoder, connector }) =>
      `| encoder \`${name}\` | ${encoder.kind}, ${layerCount(encoder)} layers ${labelsOf(encoder) ? 'that score' : 'of'} ${encoder.hiddenSize}${labelsOf(encoder) ? ' labels' : ''}, windows of ${encoder.windowSeconds} s, ${connector.kind} connector${from(bases?.encoders?.[name])} |`,
  )
  const rounding = quantization
    ? `\n| rounding | the matrices of the language model to blocks of ${quantization.blockSize} weights of ${quantization.bits} bits${bases?.llm ? ', when it is first opened' : ''} |`
    : ''
  return `# ${name}

A language model that hears, in the format of the package pal-audio.
${origin ? `\n${madeOf(origin)}\n` : ''}
| | |
|---|---|
| parameters | ${parameters.toLocaleString('en-US')}${bases ? ' of its own' : ''} |
${encoders.join('\n')}
| integration | ${describe(model.integration)} |
| language model | ${llm.layers} layers of ${llm.hiddenSize}, ${llm.heads} heads (${llm.keyValueHeads} of keys and values), ${llm.vocabularySize} tokens${from(bases?.llm)} |${rounding}
| audio | ${sampleRate} Hz, trained on up to ${trainedSeconds} s |

\`\`\`sh
pal ask recording.wav 'What do you hear?' --model path/to/this/folder
\`\`\`
`
}

/** The README.md of a language model in Hugging Face's layout whose matrices were rounded. */
export function roundedCard(name: string, bits: number, origin: Origin): string {
  return `# ${name}

A language model whose matrices are rounded to blocks of ${BLOCK_SIZE} weights of ${bits} bits, for the package pal-audio.

${madeOf(origin)}
`
}

function madeOf({ name, card }: Origin): string {
  const made = `It was made of ${name} by \`pal quantize\`.`
  return card === undefined
    ? made
    : `${made} The card of that, [${card}](${card}), says how it was trained and under which licences; the accuracy that it gives is not that of this model.`
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
