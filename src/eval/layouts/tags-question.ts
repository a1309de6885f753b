/** Asked of recordings that have several labels. */
export const TAGS_QUESTION = 'Which sounds do you hear? Name all of them, with commas between.'
