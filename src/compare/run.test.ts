import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StepReport } from '../train/trainer.js'
import { answeringSteps, stepChanges } from './run.js'

test('what is compared is what steps cost that answer questions, if there are such', () => {
  const steps = ['words', 'words', 'answers'].map((stage) => ({ stage }) as StepReport)
  const words = { name: 'words', objective: 'words' } as const
  assert.deepEqual(answeringSteps(steps, [words, { name: 'answers', objective: 'answers' }]), [steps[2]])
  assert.deepEqual(answeringSteps(steps.slice(0, 2), [words]), steps.slice(0, 2))
})

test('a setting with more or fewer steps makes them where questions are answered', () => {
  const stages = [
    { steps: 150, objective: 'words' },
    { steps: 120, objective: 'answers' },
  ] as const
  assert.deepEqual(stepChanges(stages, 1.27), ['stages.1.steps=152'])
  assert.deepEqual(stepChanges(stages.slice(0, 1), 1.27), ['stages.0.steps=191'])
  assert.deepEqual(stepChanges(stages, 1), [])
})
