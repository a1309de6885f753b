import { type StepName, stepNames } from './augment.js'

/** The amount of each step of augmentation that was applied. */
export type Applied = Readonly<Partial<Record<StepName, number>>>

/** As it is read: `speed ×1.1, tilt −3.2 dB`. */
export function writeApplied(applied: Applied): string {
  const steps = stepNames.flatMap((name) => {
    const amount = applied[name]
    return amount === undefined ? [] : [`${name}${write[name](amount)}`]
  })
  return steps.join(', ') || 'nothing'
}

const rounded = (amount: number) => String(Number(amount.toFixed(2))).replace('-', '−')
const inUnits = (unit: string) => (amount: number) => ` ${rounded(amount)} ${unit}`

const write: Readonly<Record<StepName, (amount: number) => string>> = {
  speed: (factor) => ` ×${rounded(factor)}`,
  polarity: () => '',
  tilt: inUnits('dB'),
  reverb: inUnits('s'),
  bandLimit: inUnits('Hz'),
  shift: inUnits('s'),
  noise: inUnits('dB below'),
  gain: inUnits('dB'),
}
