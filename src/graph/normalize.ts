import { add, mul, sub } from './elementwise.js'
import { mean, sum, sumTo } from './reduce.js'
import { apply, type Operation, type Shape, shapeError, type Tensor } from './tensor.js'

/** Softmax over the last axis. */
export function softmax(a: Tensor): Tensor {
  return apply(SOFTMAX, [a], a.shape, { attributes: { axis: -1 } })
}

const SOFTMAX: Operation = {
  type: 'Softmax',
  gradient: ({ outputs: [p] }, [g]) => {
    const weighted = mul(g!, p!)
    return [sub(weighted, mul(p!, sum(weighted, [-1])))]
  },
}

/** RMSNorm over the last axis: a / √(mean(a²) + epsilon) · gain (Zhang and Sennrich 2019, eq. 4). */
export function rmsNorm(a: Tensor, gain: Tensor, epsilon: number): Tensor {
  return normalization(RMS_NORM, [a, gain], epsilon, 1)
}

/**
 * The kernel's second output is i = 1/√(mean(a²) + epsilon), [..., 1]. With s = gain · dy: da = i·s − a · i³·mean(s·a), which
 * does not make a·i, as wide as a, only to read it again.
 */
export const RMS_NORM: Operation = {
  type: 'SimplifiedLayerNormalization',
  gradient: ({ inputs: [a, gain], outputs: [, inverse] }, [g]) => {
    const scaled = mul(g!, gain!)
    const cubed = mul(mul(inverse!, inverse!), inverse!)
    const projection = mul(mean(mul(scaled, a!), [-1]), cubed)
    const forGain = mul(g!, mul(a!, inverse!))
    return [sub(mul(scaled, inverse!), mul(a!, projection)), sumTo(forGain, gain!.shape)]
  },
}

/** LayerNorm over the last axis: (a − mean) / √(variance + epsilon) · gain + bias. */
export function layerNorm(a: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor {
  return normalization(LAYER_NORM, [a, gain, bias], epsilon, 2)
}

/** The kernel's other outputs are the mean and 1/√(variance + epsilon), both [..., 1]. */
const LAYER_NORM: Operation = {
  type: 'LayerNormalization',
  gradient: ({ inputs: [a, gain, bias], outputs: [, average, inverse] }, [g]) => {
    const normal = mul(sub(a!, average!), inverse!)
    const scaled = mul(g!, gain!)
    const inner = add(mean(scaled, [-1]), mul(normal, mean(mul(scaled, normal), [-1])))
    return [mul(sub(scaled, inner), inverse!), sumTo(mul(g!, normal), gain!.shape), sumTo(g!, bias!.shape)]
  },
}

function normalization(
  operation: Operation,
  inputs: readonly [Tensor, Tensor, ...Tensor[]],
  epsilon: number,
  statistics: number,
): Tensor {
  const [a, gain] = inputs
  if (gain.shape.length !== 1 || gain.shape[0] !== a.shape.at(-1)) {
    throw shapeError(operation.type, 'a gain as long as the last axis', a, gain)
  }
  const narrow: Shape = [...a.shape.slice(0, -1), 1]
  const shapes = [a.shape, ...Array.from({ length: statistics }, () => narrow)]
  const outputs = a.graph.append(
    operation,
    inputs,
    shapes.map((shape) => ({ shape, dtype: 'float32' as const })),
    { axis: -1, epsilon: { float: epsilon } },
  )
  return outputs[0] as Tensor
}
