/** ITU-T G.711: a sign, an exponent of 3 bits and a mantissa of 4, with every second bit inverted. */
export function aLaw(byte: number): number {
  const code = byte ^ 0x55
  const exponent = (code >> 4) & 7
  const mantissa = ((code & 0x0f) << 4) + 8
  const size = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1)
  return (code & 0x80 ? size : -size) / 32768
}

/** ITU-T G.711: as A-law, but inverted throughout and with a bias of 132 on the size. */
export function muLaw(byte: number): number {
  const code = ~byte & 0xff
  const size = ((((code & 0x0f) << 3) + 132) << ((code >> 4) & 7)) - 132
  return (code & 0x80 ? -size : size) / 32768
}
