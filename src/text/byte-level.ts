/**
 * GPT-2's regular expression, which cuts text into words before byte-level BPE. White space is spelled out:
 * `\s` in JavaScript contains U+FEFF and lacks U+0085, the other way round than in the reference tokenizers.
 */
export const gpt2Words =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

/** The printable character that byte-level BPE writes for each byte, as GPT-2 defined it. */
export const byteCharacters: readonly string[] = (() => {
  let substitutes = 0
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
    return String.fromCharCode(printable ? byte : 256 + substitutes++)
  })
})()
