import { tasks } from '../data/questions/task.js'
import { balanced } from './accuracy.js'
import { likelihoodMeasures, nllMeasures } from './likelihood-measures.js'
import { type Measure, number, type Outcome, share } from './measure.js'
import { meanAveragePrecision, type TagCase } from './metrics/average-precision.js'
import { bleu } from './metrics/bleu.js'
import type { CaptionCase } from './metrics/caption-case.js'
import { ciderD } from './metrics/cider-d.js'
import { characterErrorRate, wordErrorRate } from './metrics/error-rate.js'
import { holdsWords } from './metrics/holds-words.js'
import type { Metric } from './metrics/metric.js'
import { meanOf } from './metrics/metric.js'
import { mmauOfficial } from './metrics/mmau-official.js'
import { normalizeBasic } from './metrics/normalize-basic.js'
import { normalizeEnglish } from './metrics/normalize-english.js'
import { rougeL } from './metrics/rouge-l.js'
import { tagOf, tagsF1 } from './metrics/tags.js'

/** What a task is measured by, the most telling first; measures of another protocol have other names. */
export function measuresOf(scoring: string, outcomes: readonly Outcome[]): readonly Measure[] {
  const byLikelihood = outcomes.some(({ protocol }) => protocol === 'likelihood')
  return [
    ...(byLikelihood ? likelihoodMeasures(scoring) : generationMeasures(scoring, outcomes)),
    ...(outcomes.some(({ nll }) => nll) ? nllMeasures : []),
  ]
}

function generationMeasures(scoring: string, outcomes: readonly Outcome[]): readonly Measure[] {
  switch (scoring) {
    case 'presence':
      return [share('balanced accuracy', balanced)]
    case 'multiple-choice':
      return [right, share('accuracy, scorer of MMAU and MMAR', official)]
    case 'captioning':
      return [
        number('CIDEr-D', (of) => ciderD(of.map(caption))),
        ...[1, 2, 3, 4].map((order) => number(`BLEU-${order}`, (of) => bleu(order)(of.map(caption)))),
        number('ROUGE-L', (of) => rougeL(of.map(caption))),
        ...Object.keys(outcomes[0]?.external ?? {}).map((name) =>
          number(`${name} (external)`, (of) =>
            meanOf(of.map(({ external }) => external?.[name] ?? Number.NaN)),
          ),
        ),
      ]
    case 'transcription':
      return errorRates('Whisper English', normalizeEnglish)
    case 'transcription-basic':
      return errorRates('Whisper basic', normalizeBasic)
    case 'tags':
      return [
        share('micro F1', (of) => tagsF1(of.map(({ tags = [], named = [] }) => ({ tags, named })))),
        ...(outcomes.some(({ scores }) => scores)
          ? [share('mAP', (of) => meanAveragePrecision(of.map(tagging)))]
          : []),
      ]
    default:
      return isRecipeTask(scoring) ? [right] : [right, share(HOLDS, holding)]
  }
}

/** Answers of these are read for labels; the others are free, and a whole sentence may be as right as a word. */
const isRecipeTask = (scoring: string) => (tasks as readonly string[]).includes(scoring)

const HOLDS = 'accuracy, answers that hold the expected words'

const holding: Metric<Outcome> = (of) =>
  meanOf(
    of.map(({ answer = '', expected, accept = [] }) => (holdsWords(answer, [expected, ...accept]) ? 1 : 0)),
  )

const right = share('accuracy', (of) => meanOf(of.map((one) => (one.right ? 1 : 0))))

/** Questions without an answer are left out, as that scorer leaves them out. */
const official: Metric<Outcome> = (of) => {
  const matches = of.map(({ answer = '', expected, choices = [] }) => mmauOfficial(answer, expected, choices))
  return (draw) => {
    const answered = draw.filter((i) => of[i]?.answer !== undefined)
    return answered.filter((i) => matches[i]).length / answered.length
  }
}

function errorRates(name: string, normalize: (text: string) => string): readonly Measure[] {
  const cases = (of: readonly Outcome[]) =>
    of.map(({ answer = '', expected, accept = [] }) => ({ answer, references: [expected, ...accept] }))
  return [
    share(`WER, ${name}`, (of) => wordErrorRate(normalize)(cases(of))),
    share(`CER, ${name}`, (of) => characterErrorRate(normalize)(cases(of))),
  ]
}

/** The same for the same outcome, so that its words are read once for all the metrics. */
function caption(outcome: Outcome): CaptionCase {
  const known = captions.get(outcome)
  if (known) return known
  const { answer = '', expected, accept = [] } = outcome
  const made = { answer, references: [expected, ...accept] }
  captions.set(outcome, made)
  return made
}

const captions = new WeakMap<Outcome, CaptionCase>()

/** Whoever gave the scores may spell the labels otherwise. */
const tagging = ({ tags = [], scores }: Outcome): TagCase => ({
  labels: tags.map(tagOf),
  ...(scores && {
    scores: Object.fromEntries(Object.entries(scores).map(([label, score]) => [tagOf(label), score])),
  }),
})
