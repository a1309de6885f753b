/**
 * The quantile of Student's t distribution, as `scipy.stats.t.ppf` has it to 1e-4 of itself. With t = √ν·tan θ its density is
 * cos^(ν−1) θ, whose integral is found by Simpson's rule.
 *
 * @param share above 0.5 and below 1
 * @param freedom ν, at least 1; need not be whole
 */
export function studentQuantile(share: number, freedom: number): number {
  // Beyond this angle nothing is left of the density: all steps go where it is.
  const end = Math.min(Math.PI / 2, 12 / Math.sqrt(freedom))
  const step = end / STEPS
  const density = (angle: number) => Math.max(0, Math.cos(angle)) ** (freedom - 1)
  const areas = [0]
  for (let i = 0; i < STEPS; i++) {
    const from = i * step
    const area = density(from) + 4 * density(from + step / 2) + density(from + step)
    areas.push(areas[i]! + area)
  }
  const wanted = (2 * share - 1) * areas[STEPS]!
  const after = areas.findIndex((area) => area >= wanted)
  const before = areas[after - 1]!
  const angle = (after - 1 + (wanted - before) / (areas[after]! - before)) * step
  return Math.sqrt(freedom) * Math.tan(angle)
}

const STEPS = 4096
