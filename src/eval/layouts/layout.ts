import type { AnswerVocabulary } from '../../data/questions/task.js'
import type { EvalItem } from '../items.js'

/** A question about a recording that lies in a file, at an absolute path. */
export type FileItem = Omit<EvalItem, 'samples'>

/** The way a data set is published: where its recordings lie, and what is said about them. */
export interface Layout {
  /**
   * One question about each recording.
   * @param path the data set's folder or file, absolute
   * @throws PalError if it is not laid out so
   */
  read(path: string): Promise<{ readonly items: readonly FileItem[]; readonly vocabulary?: AnswerVocabulary }>
}
