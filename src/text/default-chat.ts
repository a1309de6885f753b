/** How the language models that are trained from scratch lay out a conversation: one token for each role. */
export const defaultChat = {
  template:
    '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}',
  specialTokens: ['<|system|>', '<|user|>', '<|assistant|>', '<|end|>'],
  endToken: '<|end|>',
} as const
