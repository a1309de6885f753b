/** The parts of a layer, as llama.cpp (gguf-py/gguf/constants.py) and Hugging Face Transformers call them. */
const IN_LAYER: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
}

const WHOLE: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
}

/** Hugging Face's name of a tensor of a Llama-like model in a GGUF file, or undefined if there is none. */
export function huggingFaceName(name: string): string | undefined {
  const [, whole = '', layer, part = '', kind] =
    /^(?:(?!blk\.)(\w+)|blk\.(\d+)\.(\w+))\.(weight|bias)$/.exec(name) ?? []
  if (kind === undefined) return undefined
  if (layer === undefined) return Object.hasOwn(WHOLE, whole) ? `${WHOLE[whole]}.${kind}` : undefined
  if (!Object.hasOwn(IN_LAYER, part)) return undefined
  return `model.layers.${layer}.${IN_LAYER[part]}.${kind}`
}
