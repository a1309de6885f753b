/** How the language model gets to see the audio. The choices that the paper leaves open are settings. */
export type IntegrationConfig =
  | { readonly kind: 'plits' }
  | ({ readonly kind: 'lal' } & LalSettings)
  | ({ readonly kind: 'pal'; readonly form: PalForm } & LalSettings)
  | ({ readonly kind: 'flamingo' } & FlamingoSettings)

export interface LalSettings {
  /**
   * `sequential`: audio keys are turned to positions 0 … N−1 and what follows starts at N. `none`: audio keys
   * are not turned, and text starts at 0. @default 'sequential'
   */
  readonly positions?: 'sequential' | 'none'
  /** The norm before W_k and W_v: the layer's own input norm, or one of LAL's own, which starts like it. @default 'layer' */
  readonly norm?: 'layer' | 'own'
  /** `per-layer` adds to the tokens a trained low-rank correction for each layer. @default 'shared' */
  readonly projector?: 'shared' | 'per-layer'
  /** The rank of that correction. @default 16 */
  readonly rank?: number
  /** The layers that hear the audio, the first being 0. @default 'all' */
  readonly layers?: 'all' | readonly number[] | { readonly from: number }
}

export type PalForm = RoutedForm | UnifiedForm

/** Each encoder has its route, by its name (paper v2). */
export interface RoutedForm {
  readonly routes: Readonly<Record<string, 'plits' | 'lal'>>
}

/** Of each encoder, a few summary tokens by PLITS, and all its tokens by LAL (paper v3, which has one encoder). */
export interface UnifiedForm {
  readonly summaryTokens: number
  /** Of the Q-Former that reads the summary. @default 1 */
  readonly summaryLayers?: number
  /** Its heads, among which the language model's hiddenSize is split. @default 4 */
  readonly summaryHeads?: number
}

export interface FlamingoSettings {
  /** A block goes before every so many layers. */
  readonly every: number
}
