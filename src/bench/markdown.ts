import { CHECKPOINTING } from './configuration.js'
import { cacheBytes, type Report, type Result } from './report.js'
import { type Comparison, FEWEST_ROUNDS, type Spread } from './statistics.js'

/** A report as a page. */
export function markdown(report: Report): string {
  const { machine, peaks, command, date, results, failures, noise } = report
  const isTraining = results[0]?.configuration.task === 'train'
  return [
    `\`${command}\``,
    '',
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, ${date}.`,
    ...peaks.map(
      ({ provider, threads, gemm, bandwidth }) =>
        `Measured peaks, ${provider} threads=${threads}: ${(2 * gemm).toFixed(0)} GFLOP/s of float32 matrix products, ${bandwidth.toFixed(1)} GB/s read from memory.`,
    ),
    ...(noise.length > 0 ? ['', `**The machine was noisy**: ${noise.join('; ')}.`] : []),
    '',
    ...(isTraining ? trainTable(results) : inferTable(results)),
    '',
    ...conclusions(report),
    ...failures.map(
      ({ name, round, reason }) => `- ${name}: not measured from round ${round + 1} on, ${reason}`,
    ),
  ].join('\n')
}

function trainTable(results: readonly Result[]): readonly string[] {
  const columns = [
    ...['model', 'bits', 'integration', 'audio tokens', 'text', 'batch', 'questions', 'checkpointing'],
    ...['step, ms: median (middle half)', 'least–most', 'examples/s', 'tokens/s', 'peak, MiB'],
    ...['of it values held at once: counted', 'forward, 10⁹ multiply-adds: counted / formula', 'step, 10⁹'],
    'of the GEMM peak',
  ]
  return table(
    columns,
    results.map(({ configuration: c, time, cost, ...result }) => [
      ...[c.llm, c.bits, c.integration.toUpperCase(), c.audioTokens, c.textTokens, c.batch, c.questions],
      Object.entries(CHECKPOINTING).find(([, value]) => value === c.checkpointing)![0],
      ...[spread(time), range(time), result.examplesPerSecond.toFixed(2), result.tokensPerSecond.toFixed(0)],
      result.peakMiB.median.toFixed(0),
      ((cost.heldBytes ?? Number.NaN) / 2 ** 20).toFixed(0),
      `${billions(cost.forward)} / ${billions(cost.formula)}`,
      billions(cost.step ?? Number.NaN),
      percent(result.gemmShare),
    ]),
  )
}

function inferTable(results: readonly Result[]): readonly string[] {
  const columns = [
    ...['model', 'bits', 'integration', 'audio tokens', 'prompt', 'batch'],
    ...['first token, ms: median (middle half)', 'least–most', 'encoder', 'with it, ms', 'peak, MiB'],
    ...['10⁹ multiply-adds: counted / formula', 'of the GEMM peak'],
    ...[
      'next token, ms',
      'its products with the weights alone, least, ms',
      'tokens/s',
      'MB of weights a token reads: counted / formula',
      'and of the cache',
      'of the bandwidth',
    ],
  ]
  return table(
    columns,
    results.map(({ configuration: c, time, cost, token, encode, ...result }) => [
      ...[c.llm, c.bits, c.integration.toUpperCase(), c.audioTokens, c.textTokens, c.batch],
      ...[spread(time), range(time), c.encoder || '—'],
      encode ? (time.median + encode.median).toFixed(0) : '—',
      result.peakMiB.median.toFixed(0),
      `${billions(cost.forward)} / ${billions(cost.formula)}`,
      percent(result.gemmShare),
      ...[token ? spread(token, 1) : '—', result.productsMs?.toFixed(1) ?? '—'],
      token ? result.tokensPerSecond.toFixed(1) : '—',
      `${(cost.weightBytes / 1e6).toFixed(0)} / ${(cost.weightFormula / 1e6).toFixed(0)}`,
      ((c.batch * cacheBytes(cost, c)) / 1e6).toFixed(0),
      percent(result.bandwidthShare),
    ]),
  )
}

function conclusions({ claims }: Report): readonly string[] {
  return claims.map((claim) => {
    const parts = [
      verdict('time', claim.time),
      ...(claim.heard ? [verdict('with the encoder', claim.heard)] : []),
      verdict('peak memory', claim.memory),
      ...(claim.token ? [verdict('time of a further token', claim.token)] : []),
    ]
    return `- ${claim.name}, against PLITS: ${parts.join('; ')}`
  })
}

/** A ratio, or why there is none. */
function verdict(what: string, { ratio, quietRounds, conclusive }: Comparison): string {
  const [low, high] = ratio.range
  const rounds = `${low.toFixed(2)}–${high.toFixed(2)} over ${ratio.count} rounds`
  const why =
    quietRounds < FEWEST_ROUNDS
      ? `${quietRounds} rounds on a quiet machine are too few`
      : 'the spread is larger than the difference'
  if (!conclusive) return `${what}: no conclusion, ${why} (${rounds})`
  return `${what} ${ratio.median.toFixed(2)} times (${rounds})`
}

function table(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): readonly string[] {
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
}

function spread({ median, quartiles: [low, high] }: Spread, digits = 0): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

function range({ range: [least, most] }: Spread): string {
  return `${least.toFixed(0)}–${most.toFixed(0)}`
}

function billions(count: number): string {
  return (count / 1e9).toFixed(2)
}

function percent(share: number | undefined): string {
  return share === undefined ? '—' : `${(100 * share).toFixed(0)} %`
}
