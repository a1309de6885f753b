import { mul, sub } from './elementwise.js'
import { matmul } from './matmul.js'
import { sum } from './reduce.js'
import { apply, type Dim, type Operation, shapeError, type Tensor } from './tensor.js'

/**
 * softmax(scores)·values: scores [..., queries, length], values [..., length, size] → [..., queries, size].
 * Leading axes must be the same, and all lengths known.
 */
export function attend(scores: Tensor, values: Tensor): Tensor {
  const [leading, size] = [scores.shape.slice(0, -2), values.shape.at(-1) as Dim]
  const fits = values.shape.join() === [...leading, scores.shape.at(-1), size].join()
  const isKnown = [...scores.shape, size].every((length) => typeof length === 'number')
  if (!fits || !isKnown || scores.shape.length !== values.shape.length) {
    throw shapeError('attend', 'known lengths [..., queries, length] and [..., length, size]', scores, values)
  }
  const weights = apply(SOFTMAX, [scores], scores.shape, { attributes: { axis: -1 } })
  return apply(MIX, [weights, values], [...scores.shape.slice(0, -1), size])
}

/**
 * With P the weights and O the result: dV = Pᵀ·dO and dS = P ∘ (dO·Vᵀ − D), where D, the mean of dO·Vᵀ under P,
 * is the row sum of dO ∘ O (Dao et al. 2022, appendix B.2): `size` numbers to add instead of `length`.
 */
const MIX: Operation = {
  type: 'MatMul',
  gradient: ({ inputs: [weights, values], outputs: [result] }, [g]) => {
    const forWeights = matmul(g!, values!, { transposeB: true })
    const average = sum(mul(g!, result!), [-1])
    return [mul(weights!, sub(forWeights, average)), matmul(weights!, g!, { transposeA: true })]
  },
}

/** Only ever mixed with: the rule above has its gradient in it. */
const SOFTMAX: Operation = { type: 'Softmax', gradient: (_, [g]) => [g] }
