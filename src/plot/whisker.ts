/** An error bar with its two ends, level or upright, in pixels. */
export function whisker(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  colour: string,
): string {
  const [dx, dy] = y1 === y2 ? [0, 4] : [4, 0]
  const strokes = [
    [x1, y1, x2, y2],
    [x1 - dx, y1 - dy, x1 + dx, y1 + dy],
    [x2 - dx, y2 - dy, x2 + dx, y2 + dy],
  ].map(([ax, ay, bx, by]) => `M${ax!.toFixed(1)} ${ay!.toFixed(1)}L${bx!.toFixed(1)} ${by!.toFixed(1)}`)
  return `<path d="${strokes.join('')}" stroke="${colour}" stroke-width="1.5" fill="none"/>`
}
