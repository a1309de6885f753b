import { mul, neg } from './elementwise.js'
import { softmax } from './normalize.js'
import { reshape } from './shape.js'
import { apply, type Operation, shapeError, type Tensor } from './tensor.js'

/**
 * The negative log-likelihood of each label: logits [rows, classes], labels [rows] (int64) → [rows].
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const rows = logits.shape[0]
  if (logits.shape.length !== 2 || labels.shape.length !== 1 || labels.shape[0] !== rows) {
    throw shapeError('crossEntropy', 'logits [rows, classes] and labels [rows]', logits, labels)
  }
  return apply(CROSS_ENTROPY, [logits, labels], labels.shape, {
    attributes: { reduction: 'none' },
    dtype: 'float32',
  })
}

/** d logits = (softmax(logits) − one-hot(labels)) · g, without ever forming the one-hot matrix. */
const CROSS_ENTROPY: Operation = {
  type: 'SoftmaxCrossEntropyLoss',
  gradient: ({ inputs: [logits, labels] }, [g]) => {
    const column = reshape(g!, [...g!.shape, 1])
    const positions = reshape(labels!, [...labels!.shape, 1])
    const weighted = mul(softmax(logits!), column)
    const minus = neg(column)
    return [
      apply(SCATTER_ADD, [weighted, positions, minus], logits!.shape, {
        attributes: { axis: 1, reduction: 'add' },
      }),
      undefined,
    ]
  },
}

const SCATTER_ADD: Operation = { type: 'ScatterElements' }
