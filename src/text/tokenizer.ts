/** Text to token ids and back. */
export interface Tokenizer {
  /** The highest id and one: how many rows the embedding needs at least. */
  readonly vocabularySize: number
  /** The ids that end an answer. */
  readonly endIds: readonly number[]
  /**
   * Ids of a text, without tokens added at its start or end. A special token's name in the text is ordinary text
   * unless `special` is true.
   */
  encode(text: string, options?: { readonly special?: boolean }): number[]
  /**
   * The text of ids, without the special tokens unless `special` is true: those by their names then. Spaces are left as they are, whatever the tokenizer's
   * configuration says about cleaning up.
   * @throws PalError for an id that no token has.
   */
  decode(ids: readonly number[], options?: { readonly special?: boolean }): string
  idOf(token: string): number | undefined
}
