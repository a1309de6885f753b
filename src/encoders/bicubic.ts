import { matmul } from '../graph/matmul.js'
import { fixed, type Tensor } from '../graph/tensor.js'

/**
 * Stretches the second last axis to `length` by cubic convolution (Keys 1981, a = −0.75), first on first and last on
 * last; behind the ends the outermost value goes on. It is linear, so it is one product.
 * Source: `torch.nn.functional.interpolate` with mode 'bicubic' and align_corners.
 */
export function stretch(x: Tensor, length: number): Tensor {
  const given = fixed(x.shape.at(-2))
  if (given === length) return x
  const matrix = new Float32Array(length * given)
  for (let i = 0; i < length; i++) {
    const place = (i * (given - 1)) / (length - 1)
    const whole = Math.floor(place)
    for (let neighbour = whole - 1; neighbour <= whole + 2; neighbour++) {
      const column = Math.min(Math.max(neighbour, 0), given - 1)
      matrix[i * given + column]! += cubic(Math.abs(place - neighbour))
    }
  }
  return matmul(x.graph.constant(matrix, [length, given]), x)
}

const A = -0.75

function cubic(distance: number): number {
  if (distance <= 1) return ((A + 2) * distance - (A + 3)) * distance ** 2 + 1
  if (distance < 2) return A * (((distance - 5) * distance + 8) * distance - 4)
  return 0
}
