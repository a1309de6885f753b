import { test } from 'node:test'
import { fuzzGguf, fuzzSafetensors } from './fuzz.test.helper.js'

test('100,000 damaged safetensors headers', () => fuzzSafetensors(100_000))
test('100,000 damaged GGUF headers', () => fuzzGguf(100_000))
