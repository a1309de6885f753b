import { exp, mul, neg } from './elementwise.js'
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
  const column = [...labels.shape, 1]
  const logProbabilities = apply(LOG_SOFTMAX, [logits], logits.shape, { attributes: { axis: -1 } })
  const picked = apply(PICK, [logProbabilities, reshape(labels, column)], column, { attributes: { axis: 1 } })
  return reshape(neg(picked), labels.shape)
}

/** d logits = (one-hot(labels) − softmax(logits)) · g, without ever forming the one-hot matrix. */
const PICK: Operation = {
  type: 'GatherElements',
  gradient: ({ inputs: [logProbabilities, labels] }, [g]) => {
    const weighted = mul(exp(logProbabilities!), neg(g!))
    return [
      apply(SCATTER_ADD, [weighted, labels!, g!], weighted.shape, {
        attributes: { axis: 1, reduction: 'add' },
      }),
      undefined,
    ]
  },
}

/** Only ever picked from: the rule above has its gradient in it. */
const LOG_SOFTMAX: Operation = { type: 'LogSoftmax', gradient: (_, [g]) => [g] }

const SCATTER_ADD: Operation = { type: 'ScatterElements' }
