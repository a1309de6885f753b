import { clock } from '../../connectors/clock.js'
import { mlpConnector } from '../../connectors/mlp.js'
import { qFormer } from '../../connectors/q-former.js'
import { wordsConnector } from '../../connectors/words.js'
import { encode, labelsOf } from '../../encoders/encoder.js'
import type { EncoderInputs } from '../../encoders/encoder-inputs.js'
import { add } from '../../graph/elementwise.js'
import { concat } from '../../graph/shape.js'
import { fixed, type Graph, type Tensor } from '../../graph/tensor.js'
import { flamingoBlock } from '../../integration/flamingo.js'
import { type AudioTokens, type Heard, integrate } from '../../integration/integration.js'
import { Decoder, type DecoderInputs } from '../../llm/decoder.js'
import { causalMask, joinMasks } from '../../nn/attention.js'
import { Scope } from '../../nn/scope.js'
import type { ModelConfig, NamedEncoder } from '../config/config.js'

/** Encoders, connectors, integration and language model on one graph, under one set of names. */
export class Network {
  readonly config: ModelConfig
  readonly scope: Scope
  readonly decoder: Decoder

  constructor(graph: Graph, config: ModelConfig) {
    this.config = config
    this.scope = new Scope(graph, config.lora)
    this.decoder = new Decoder(this.scope.in('llm'), config.llm)
  }

  /** One encoder and its connector: a waveform [batch, samples] → [batch, tokens, hiddenSize]. */
  hear(named: NamedEncoder, inputs: EncoderInputs): Tensor {
    return this.connect(named, this.encode(named, inputs), inputs.mask)
  }

  /** The encoder alone: a waveform [batch, samples] → [batch, encoder tokens, the encoder's hiddenSize]. */
  encode({ name, encoder }: NamedEncoder, inputs: EncoderInputs): Tensor {
    return encode(this.scope.in(`encoders.${name}.encoder`), encoder, inputs)
  }

  /** The connector alone: what the encoder made → [batch, tokens, hiddenSize]. */
  connect({ name, encoder, connector }: NamedEncoder, tokens: Tensor, mask?: Tensor): Tensor {
    const at = this.scope.in(`encoders.${name}.connector`)
    const { hiddenSize } = this.config.llm
    switch (connector.kind) {
      case 'mlp':
        return mlpConnector(at, connector, tokens, hiddenSize)
      case 'words':
        return wordsConnector(at, tokens, expectLabels(name, encoder), hiddenSize)
      case 'qformer':
        return qFormer(at, connector, tokens, hiddenSize, mask)
    }
  }

  /**
   * What the integration is given: tokens of the connector, which know when they were heard if they are to.
   * @param features [1, tokens, `CLOCK_FEATURES`], asked for only then
   */
  timed({ name, connector }: NamedEncoder, tokens: Tensor, features: () => Tensor): Tensor {
    if (!hasClock(connector)) return tokens
    return clock(this.scope.in(`encoders.${name}.connector.clock`), tokens, features())
  }

  integrate(audio: readonly AudioTokens[]): Heard {
    return integrate(this.scope.in('integration'), this.config.integration, audio, this.decoder)
  }

  /**
   * What every text about an audio attends to, in each layer: the memory of LAL, and the keys and values that the sequence of
   * PLITS leaves when it has passed the layers. A token sees none that come after it, so both are the same whatever is asked, and
   * are made once for all that is asked.
   * @param inputs what the sequence, of so many tokens, enters the layers with: asked for only if there is one
   */
  remember({ sequence, memory }: Heard, inputs: (length: number) => SequenceInputs): Heard['memory'] {
    if (sequence.length === 0) return memory
    const tokens = concat(
      sequence.map((part) => part.tokens),
      1,
    )
    const length = fixed(tokens.shape[1])
    const { ragged, ...others } = inputs(length)
    const padding = joinMasks(
      sequence.map(({ tokens, mask }) => ({ length: fixed(tokens.shape[1]), mask })),
      1,
    )
    const causal = causalMask(tokens.graph, length)
    const left = this.decoder.prefix(ragged?.unpad(tokens) ?? tokens, {
      ...others,
      ragged,
      memory,
      mask: padding ? add(causal, padding) : causal,
    })
    return memory.map((parts, layer) => [...parts, { ...left[layer]!, mask: padding }])
  }

  /** The language model over states [batch, time, hiddenSize], or those of ragged rows, with what it heard. */
  decode(
    states: Tensor,
    heard: Pick<Heard, 'memory' | 'cross'>,
    inputs: Omit<DecoderInputs, 'memory' | 'before'>,
  ) {
    const blocks = this.scope.in('integration')
    return this.decoder.run(states, {
      ...inputs,
      memory: heard.memory,
      before: (layer, x) => {
        const audio = heard.cross[layer]
        return audio ? flamingoBlock(blocks, layer, this.config.llm.heads, x, audio, inputs.ragged) : x
      },
    })
  }
}

export type SequenceInputs = Pick<DecoderInputs, 'positions' | 'ragged' | 'checkpointing'>

/** What does not fit is told before: see misfits.ts. */
function expectLabels(name: string, encoder: NamedEncoder['encoder']): readonly string[] {
  const labels = labelsOf(encoder)
  if (!labels) throw new Error(`encoder "${name}" makes no scores that could be put into words`)
  return labels
}

export function hasClock(connector: NamedEncoder['connector']): boolean {
  return 'clock' in connector && connector.clock === true
}
