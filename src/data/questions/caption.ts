import type { SceneEvent } from '../scenes/scene.js'
import { answerPhrase, sentence } from './labels.js'
import type { QuestionKind } from './task.js'
import { distinct, heard } from './timeline.js'
import { wordings } from './wording.js'

/** One sentence for the whole: "and" where sounds overlap, "then" where one follows another. */
export const caption: QuestionKind = {
  task: 'caption',
  forms: {
    caption: wordings({
      train: [
        'Describe (this|the) (recording|audio|sound|clip).',
        'Describe what you hear(, please|).',
        'Please describe (this|the) (recording|audio).',
        '(Write|Give|Make) a caption for this (recording|audio|clip).',
        'Caption this (recording|audio|clip).',
        'What happens in (this|the) (recording|audio|clip)?',
        'Tell me what happens(| in the recording).',
        'Say in one sentence what you hear.',
        'Describe it in one sentence.',
        '(Can|Could) you describe (this|it)?',
        'How would you describe this?',
        'Summarize (this|the) (recording|audio|clip).',
        'Give a (short |)(description|summary) of (this|the) (recording|audio|clip).',
        'Write (one|a) sentence about (this|the) (recording|audio).',
        'What is the content of this audio?',
        'Tell the story of this recording.',
        'Put it into one sentence.',
        'Explain what one hears.',
        'Describe everything you hear.',
        'What would you write about this clip?',
        'Make a title for it.',
        'Write down what happens.',
        'Report what you hear in a sentence.',
        'Give an account of the audio.',
        '(Sum|Summarize|Wrap) (this|it|everything|the clip) (up |)in (one|a single|a) (short |)(sentence|line).',
        '(Put|Say|Express|Describe) (this|it|the recording|the clip) in (words|your own words|a few words|one line|a sentence).',
        '(Explain|Describe|Tell) (to me |to a friend |to somebody deaf |)what (is there|is in it|there is to hear|can be heard|is to be heard|sounds here).',
        'What would (you|a caption|a description|a summary|the text) (say|write|be)( about it| of it| about this|)?',
        '(Give|Write|Make|Compose|Provide) (me |)(a|one|a short|a brief) (caption|description|summary|account|sentence|title) (of|for|about) (it|this|that|what you hear).',
        'What (would be|is) a (good |fitting |short |)(caption|description|summary|title) (of|for) (this|it|the audio)?',
        '(Imagine|Suppose) I cannot hear it: what (is there|do you hear|would you write)?',
        'For someone who cannot hear, (describe it|what is there|say what happens).',
        'Somebody cannot hear this. (Explain|Describe|Tell) what (it is|is there|happens).',
        'In a (short |single |)sentence, what (is there|is this|happens|is going on)?',
        'In (your own|a few|plain) words, what (is there|is this|happens|do you hear)?',
        'Write (it|this|everything) down as a (caption|sentence|text).',
        'Turn (this|the audio|it) into (text|words|a sentence|a caption).',
        'Soundtrack description?',
        'Subtitle this (audio|clip|recording|soundtrack).',
        'A (caption|description|summary|sentence), please.',
      ],
      heldOut: [
        'Sum up the audio in a short sentence.',
        'Put into words what this sounds like.',
        'Explain to somebody who cannot hear it what is there.',
        'What would a caption of this say?',
        'Give a short summary of the soundtrack.',
        'Describe the recording in one sentence.',
        'Please write a short caption for this audio.',
        'Sum up everything that happens in this clip in a single sentence.',
        'Could you describe the whole recording briefly?',
        'Give me a one-sentence description of what I am hearing.',
        'I need one sentence that describes this audio file.',
        'How would you describe this entire clip in one sentence?',
        'Write one line that tells a deaf friend what the recording sounds like.',
      ],
    }),
  },
  plan(events) {
    const sounds = heard(events)
    const groups = sounds.length > 0 ? overlapping(sounds) : [events]
    const parts = groups.map((group) => distinct(group).map(answerPhrase).join(' and '))
    return { form: 'caption', answer: sentence(parts.filter((part, i) => part !== parts[i - 1])) }
  },
}

/** Runs of events each of which begins before the ones before it have ended. */
function overlapping(sounds: readonly SceneEvent[]): SceneEvent[][] {
  const groups: SceneEvent[][] = []
  let end = Number.NEGATIVE_INFINITY
  for (const event of sounds) {
    if (event.startSeconds < end) groups.at(-1)?.push(event)
    else groups.push([event])
    end = Math.max(end, event.endSeconds)
  }
  return groups
}
