/**
 * Draws an SVG as PNG, twice as large.
 * @returns nothing on a machine without fonts, where the text would silently be missing
 */
export async function toPng(svg: string): Promise<Uint8Array | undefined> {
  const { Resvg } = await import('@resvg/resvg-js')
  const draw = (text: string) =>
    new Resvg(text, { fitTo: { mode: 'zoom', value: 2 }, font: { loadSystemFonts: true } }).render()
  const letter = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="18">M</text></svg>'
  if (draw(letter).pixels.every((value) => value === 0)) return undefined
  return draw(svg).asPng()
}
