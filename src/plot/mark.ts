/**
 * How a plot tells its series apart: by a colour for every common colour vision (Okabe and Ito 2008) and, in print
 * without colours, by a shape.
 */
export interface Mark {
  readonly colour: string
  readonly shape: Shape
}

type Shape = 'circle' | 'square' | 'triangle' | 'diamond'

/** Theirs, with a grey for the yellow, which hardly shows on white, and a brown: nine and four shapes make 36 marks. */
const COLOURS = [
  ...['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999'],
  '#7f4f24',
]
const SHAPES: readonly Shape[] = ['circle', 'square', 'triangle', 'diamond']

/** The mark of the i-th series: the same in every plot of a report. */
export function markOf(i: number): Mark {
  return { colour: COLOURS[i % COLOURS.length]!, shape: SHAPES[i % SHAPES.length]! }
}

/** The mark as SVG, edged in white so that it stays whole on lines and on others. */
export function drawMark({ colour, shape }: Mark, x: number, y: number, size = 4): string {
  const style = `fill="${colour}" stroke="#ffffff" stroke-width="1"`
  const polygon = (...corners: readonly (readonly [number, number])[]) =>
    `<polygon points="${corners.map(([dx, dy]) => `${(x + dx).toFixed(1)},${(y + dy).toFixed(1)}`).join(' ')}" ${style}/>`
  switch (shape) {
    case 'circle':
      return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${size}" ${style}/>`
    case 'square':
      return polygon([-size, -size], [size, -size], [size, size], [-size, size])
    case 'triangle':
      return polygon([0, -1.2 * size], [1.2 * size, size], [-1.2 * size, size])
    case 'diamond':
      return polygon([0, -1.3 * size], [1.3 * size, 0], [0, 1.3 * size], [-1.3 * size, 0])
  }
}
