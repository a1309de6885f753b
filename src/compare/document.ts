/** A report's content, said once for Markdown and HTML. */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  | {
      readonly kind: 'table'
      readonly columns: readonly string[]
      readonly rows: readonly (readonly string[])[]
    }
  | { readonly kind: 'figure'; readonly figure: Figure }

/** A sentence, led by what matters of it. */
export interface Item {
  readonly lead: string
  readonly text: string
}

export interface Figure {
  /** Of its files, without the ending. */
  readonly name: string
  readonly caption: string
  readonly svg: string
}

export interface Document {
  readonly title: string
  readonly blocks: readonly Block[]
}
