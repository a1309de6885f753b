import { test } from 'node:test'
import { fuzzGguf, fuzzSafetensors } from './fuzz.test.helper.js'

test('3,000 damaged safetensors headers', () => fuzzSafetensors(3000))
test('3,000 damaged GGUF headers', () => fuzzGguf(3000))
