import { heardPhrase, verbFor } from './labels.js'
import type { QuestionKind } from './task.js'
import { absentLabel, absentLabels, heard } from './timeline.js'
import { wordings } from './wording.js'

/** Is it there? Half of the questions about a scene with events have the answer yes. Only where a label is absent. */
export const presence: QuestionKind = {
  task: 'presence',
  forms: {
    presence: wordings({
      train: [
        '{is} there {a}?',
        '{is} there {a} (in this|in the recording|in this recording|in this clip|here)?',
        '(Do|Can|Did) you hear {a}?',
        '(Do|Can) you hear {a} (in this|in the recording|here|anywhere)?',
        'Is (this|that|it) {a}?',
        'Does (this|it) sound like {a}?',
        '{is} {a} in (this|the recording|there)?',
        'Can {a} be heard?',
        'Could this be {a}?',
        'Tell me if you hear {a}.',
        'Yes or no: do you hear {a}?',
        'Is that the sound of {a}?',
        'Am I hearing {a}?',
        'Was that {a}?',
        'Is {a} (present|audible|there|in this audio|in the clip)?',
        '{is} there any {a}?',
        'Did (somebody|someone|anybody) record {a}?',
        'Is {a} part of (this|the recording)?',
        'Can you (detect|notice|recognize) {a}?',
        'Do I hear {a}?',
        'Does (this|the) (recording|clip|file) (have|include|contain) {a}?',
        'Does {a} (occur|appear|sound)?',
        'Is (what you hear|the sound) {a}?',
        'Check whether there is {a}.',
        'Tell me whether {a} is there.',
        'Let me know if {a} is in it.',
        'Are you hearing {a}?',
        'Have you heard {a}?',
        '{a}, yes or no?',
        '{a}?',
        'Any {a}?',
        'True or false: there is {a}.',
        'I hear {a}, right?',
        'I believe this is {a}, correct?',
        'It is {a}, is it not?',
        'You hear {a}, yes?',
        'Was {a} there?',
        'Would you call this {a}?',
        'Do you think this is {a}?',
        'Do you notice {a} somewhere?',
        'Answer yes or no: is it {a}?',
        'Look for {a}. Did you find it?',
        'Say whether you hear {a}.',
        'Is it true that {a} can be heard?',
        '(Does|Did|Could) (this|it|the clip|the file) (contain|include|have|hold) {a}( somewhere| anywhere|)?',
        'Would you say (you hear|that is|this is|it is) {a}?',
        'Have you (heard|found|caught|detected) {a}( in it| here| somewhere|)?',
        'Did you (notice|hear|find|catch|detect) {a}( in it| here| somewhere|)?',
        'I (think|believe|guess|suppose) (this is|it is|there is|I heard|that was) {a}, (am I right|is that right|right|is that so|correct|or am I wrong)?',
        'Am I (right|correct|wrong) (that it is|that there is|to hear|in hearing) {a}?',
        'Say (yes or no|yes if so, otherwise no|yes or else no): (is it|is there|do you hear) {a}?',
        '(Answer|Reply|Respond) (yes|with yes) if (there is|you hear|it is) {a}, (no if not|otherwise no|else no).',
        '(Listen|Search|Check|Look) for {a}( in it| here|). (Is it there|Do you hear it|Any|Found it|Is there any)?',
        'Any (sign|trace|sound|luck finding|hint) of {a}?',
        '(Is|Was) there (possibly|maybe|really|actually|perhaps) {a}( in it|)?',
        '(Is|Was) it (possibly|maybe|really|actually|perhaps) {a}( that I hear|)?',
        'If {a} can be heard, say yes.',
        'Can (I|you|one|we) (hear|notice|detect|find) {a}( in it| somewhere|)?',
        'Could (that|it|the sound) (have been|be) {a}?',
        'Does (this|it|the sound) (come from|belong to|stem from) {a}?',
        'Tell me, is (it|this|there) {a}?',
        'Was {a} (recorded|heard|captured|picked up)?',
        'Is {a} (what I hear|among the sounds|in the audio|to be heard)?',
        'I wonder whether (there is|this is|it is) {a}.',
        'Whether {a} is there, I want to know.',
      ],
      heldOut: [
        'Does the audio contain {a}?',
        'Would you say there is {a} in it?',
        'Have you noticed {a}?',
        'I think I hear {a}, am I right?',
        'Say yes if {a} can be heard, otherwise no.',
        'Listen for {a}. Any luck?',
        'Did you notice {a} anywhere in this clip?',
        'Please check whether this recording contains {a}.',
        'I want to know if {a} can be heard.',
        'Do you hear {a} at any point?',
        'Would you say that this audio includes {a}, yes or no?',
        'Have they recorded {a} here?',
      ],
    }),
  },
  plan(events, random, vocabulary) {
    const sounds = heard(events)
    // Where all that is known sounds, the answer would always be yes.
    if (absentLabels(sounds, vocabulary).length === 0) return undefined
    const yes = sounds.length > 0 && random.chance(0.5)
    const asked = yes ? random.pick(sounds) : absentLabel(sounds, random, vocabulary)!
    const a = heardPhrase(asked, random)
    return {
      form: 'presence',
      slots: { a, is: verbFor(a) },
      answer: yes ? 'Yes.' : 'No.',
      takesEvidence: true,
    }
  },
  // Of silence the answer is always no: asked often, it would tip the balance.
  relevance: (events) => (heard(events).length > 0 ? 1 : 0.05),
}
