import type { EvalItem } from './items.js'

/** What is resampled together: all questions about an audio, and about others that were cut from the same recording. */
export const clusterOf = ({ source, audio }: Pick<EvalItem, 'source' | 'audio'>): string => source ?? audio
