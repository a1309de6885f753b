import { fitsBlocks } from '../../weights/block-tensors.js'

/** Is a weight one of those that are rounded: a projection, the embeddings or the output head? */
export function isMatrix(name: string): boolean {
  return MATRIX.test(name)
}

/** The same of a language model's weights, and whether its rows can be blocks. In a model that hears, their names begin with `llm.`. */
export function isRounded(
  { name, shape }: { readonly name: string; readonly shape: readonly number[] },
  within: '' | 'llm.',
): boolean {
  return name.startsWith(within) && isMatrix(name) && fitsBlocks(shape)
}

const MATRIX = /(^|\.)(embed_tokens|lm_head|self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)\.weight$/
