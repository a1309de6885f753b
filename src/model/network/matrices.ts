/** Is a weight one of those that are rounded: a projection, the embeddings or the output head? */
export function isMatrix(name: string): boolean {
  return MATRIX.test(name)
}

const MATRIX = /(^|\.)(embed_tokens|lm_head|self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)\.weight$/
