import { cautions } from './cautions.js'
import { conclusions, NOTHING_TO_PAIR } from './conclusions.js'
import type { Block, Document, Figure, Item } from './document.js'
import { accuracyFigure, lossFigure, memoryFigure, timeFigure } from './figures.js'
import { described, listed, setTo } from './format.js'
import { displayName } from './plan.js'
import type { ComparisonReport } from './report.js'
import { accuracyTable, costTable, differenceTable } from './tables.js'

/** A comparison as a page: what can be concluded, how it was run, then every number. */
export function page(report: ComparisonReport): Document {
  const title = `Comparison of ${listed(report.integrations.map(displayName))}: ${report.name}`
  const caution = cautions(report)
  const setup = [
    ...(caution.length > 0 ? [heading('With caution'), list(caution)] : []),
    heading('How it was run'),
    ...setting(report),
  ]
  if (report.runs.length === 0) return { title, blocks: setup }
  return {
    title,
    blocks: [
      heading('What can be concluded'),
      list(conclusions(report)),
      ...setup,
      heading('Accuracy'),
      figure(accuracyFigure(report)),
      accuracyTable(report),
      text(offFormat(report)),
      text(ABOUT_INTERVALS),
      heading(`Differences to ${displayName(report.baseline)}`),
      ...(report.differences.length > 0
        ? [differenceTable(report), text(ABOUT_TESTS)]
        : [text(NOTHING_TO_PAIR)]),
      heading('Cost'),
      costTable(report),
      text(ABOUT_COST),
      figure(timeFigure(report)),
      figure(memoryFigure(report)),
      heading('Learning'),
      figure(lossFigure(report)),
    ],
  }
}

const ABOUT_INTERVALS = [
  'Accuracy is strict: the right answer and no other. Intervals are of 95 %, over other audios and other seeds: the',
  'variance of 2,000 resamples of the audios, each with all its questions and with all that was cut from the same recording, and that of the seeds’ mean, estimated from',
  'one value a seed, make one interval of Student’s t (degrees of freedom by Satterthwaite 1946). With two or three',
  'seeds that disagree it is wide, as it should be. With one seed it is the middle 95 % of the resamples, about audios',
  'only; and where all answers are right, or all wrong, nothing can differ and it has no width, which is not certainty.',
  'Intervals that overlap are no test, and neither are those that do not: the differences below are paired.',
].join(' ')

const ABOUT_TESTS = [
  'Differences are in points of accuracy on the same questions after training from the same seeds, with intervals from',
  'the same resamples for both sides. p is two-sided, by a paired permutation test: an audio’s answers, all its',
  'questions and seeds together, are exchanged between the two sides, in all ways up to 14 audios with a difference,',
  'else in 9,999 random ones. It is about other audios, not other seeds; the interval is about both. Holm’s correction keeps the chance of any',
  'false finding within a family below 5 %; the comparisons over all questions are one family, those by task another.',
  'A conclusion needs both: a corrected p below 0.05 and an interval without 0.',
].join(' ')

const ABOUT_COST = [
  'Mean ± standard deviation over seeds. In brackets the ratio to the baseline, seed by seed: its mean and its least',
  'and most. A conclusion is drawn where the 95 % interval of that mean (Student’s t, of the logarithms) leaves 1 out, which takes',
  'seeds that agree; none from one seed. Step time is the median',
  'of the steps that answer questions, of which are the recordings a second, too; training time adds up all steps,',
  'without decoding, saving and asking; a recording is an example that is heard, about',
  'which several questions are learnt. Peak memory is that of the process that trained.',
].join(' ')

function setting({
  command,
  recipe,
  changes,
  seeds,
  tasks,
  runs,
  limit,
  scenes,
}: ComparisonReport): readonly Block[] {
  const all = tasks[0]
  const machines = [
    ...new Set(runs.map(({ cost: { machine } }) => (machine ? described(machine) : 'not recorded'))),
  ]
  const dates = runs.flatMap(({ cost: { date } }) => date ?? []).sort()
  const [first = 'not recorded', last = first] = [dates[0], dates.at(-1)]
  const questions = [
    ...(all ? [`${all.questions} about ${all.audios} audios, the same for every model`] : []),
    limit ? `at most ${limit} of each task` : 'all of each task',
    `${scenes} scenes for each task about scenes`,
  ]
  return [
    { kind: 'command', text: command },
    {
      kind: 'table',
      columns: ['setting', 'value'],
      rows: [
        ['recipe', recipe],
        ...(changes.length === 0
          ? [['changes', 'none']]
          : changes.map(({ key, before, after }) => [
              `change: ${key}`,
              `${setTo(after)} (in the recipe: ${setTo(before)})`,
            ])),
        ['seeds', seeds.join(', ')],
        ['questions', questions.join('; ')],
        ['machine', machines.join('; ')],
        ['date', first === last ? first : `${first} to ${last}`],
      ],
    },
  ]
}

function offFormat({ offFormat }: ComparisonReport): string {
  const counts = offFormat.map(
    ({ integration, answers, of }) =>
      `${displayName(integration)} ${answers} of ${of.toLocaleString('en-US')}`,
  )
  return `Answers that could not be read as what was asked for are wrong: ${counts.join(', ')}.`
}

const heading = (of: string): Block => ({ kind: 'heading', text: of })
const text = (of: string): Block => ({ kind: 'text', text: of })
const list = (items: readonly Item[]): Block => ({ kind: 'list', items })
const figure = (of: Figure): Block => ({ kind: 'figure', figure: of })
