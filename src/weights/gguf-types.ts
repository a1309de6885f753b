/**
 * The types of tensors in a GGUF file that can be read, by their numbers in `enum ggml_type` (ggml.h): how many
 * numbers make a block, and how many bytes a block takes (GGML_QUANT_SIZES of gguf-py/gguf/constants.py).
 */
export const ggufTypes = {
  0: { name: 'F32', numbers: 1, bytes: 4 },
  1: { name: 'F16', numbers: 1, bytes: 2 },
  2: { name: 'Q4_0', numbers: 32, bytes: 18 },
  3: { name: 'Q4_1', numbers: 32, bytes: 20 },
  6: { name: 'Q5_0', numbers: 32, bytes: 22 },
  7: { name: 'Q5_1', numbers: 32, bytes: 24 },
  8: { name: 'Q8_0', numbers: 32, bytes: 34 },
  10: { name: 'Q2_K', numbers: 256, bytes: 84 },
  11: { name: 'Q3_K', numbers: 256, bytes: 110 },
  12: { name: 'Q4_K', numbers: 256, bytes: 144 },
  13: { name: 'Q5_K', numbers: 256, bytes: 176 },
  14: { name: 'Q6_K', numbers: 256, bytes: 210 },
  20: { name: 'IQ4_NL', numbers: 32, bytes: 18 },
  30: { name: 'BF16', numbers: 1, bytes: 2 },
} as const

export type GgufTypeNumber = keyof typeof ggufTypes
export type GgufType = (typeof ggufTypes)[GgufTypeNumber]['name']

export function isGgufType(type: number): type is GgufTypeNumber {
  return Object.hasOwn(ggufTypes, type)
}

/** What else a file may hold, for messages. */
export const unreadableGgufTypes: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
  41: 'Q1_0',
}
