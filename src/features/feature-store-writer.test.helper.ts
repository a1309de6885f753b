/** A process of feature-store.test.ts: puts numbered entries one after the other, and reads each back. */
import { FeatureStore } from './feature-store.js'

const [folder, maximumBytes, count] = process.argv.slice(2) as [string, string, string]
const store = await FeatureStore.open({
  folder,
  maximumBytes: Number(maximumBytes),
  onWarning: (warning) => process.stdout.write(`${warning}\n`),
})
for (let i = 0; i < Number(count); i++) {
  const numbers = Float32Array.from({ length: 10_000 }, (_, k) => i + k / 10_000)
  store.put(`${i}`, numbers)
  const found = store.get(`${i}`)
  if (found && !numbers.every((number, k) => number === found[k])) process.exit(1)
}
store.close()
