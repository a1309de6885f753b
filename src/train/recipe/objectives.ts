/** What a stage may learn: see `objective`. */
export const OBJECTIVES = ['answers', 'words', 'labels', 'timeline'] as const
export type ObjectiveName = (typeof OBJECTIVES)[number]
