import { z } from 'zod'
import { PalError } from '../errors.js'
import { type ModelName, safePath, writeModelName } from './model-name.js'
import { type RequestOptions, request } from './request.js'
import type { HubSettings } from './settings.js'

/** What a repository holds at one commit. */
export interface Listing {
  readonly commit: string
  readonly files: readonly RepositoryFile[]
}

export interface RepositoryFile {
  readonly path: string
  readonly bytes: number
  /** What the cache calls the content: the SHA-256 of large files, the id of git's blob of others. */
  readonly blob: string
}

/**
 * Asks the hub what a model's repository holds (`GET /api/models/OWNER/NAME/revision/REVISION?blobs=true`).
 * @throws PalError for a model that is not there or not readable, and for an answer that makes no sense
 */
export async function listRepository(
  name: ModelName,
  { endpoint, token }: HubSettings,
  options: Pick<RequestOptions, 'signal' | 'patience' | 'onNotice'>,
): Promise<Listing> {
  const url = `${endpoint}/api/models/${name.repository}/revision/${encodeURIComponent(name.revision)}?blobs=true`
  const what = writeModelName({ repository: name.repository, revision: name.revision })
  const response = await request(url, { ...options, token, what, page: `${endpoint}/${name.repository}` })
  const { data, error } = schema.safeParse(await response.json().catch(() => undefined))
  if (error) {
    throw new PalError(`expected the list of the files of ${what}, got something else`, {
      file: url,
      hint: 'Is HF_ENDPOINT a Hugging Face hub? A proxy or a login page may have answered in its place.',
    })
  }
  return {
    commit: data.sha,
    files: data.siblings.map(({ rfilename, size, blobId, lfs }) => ({
      path: safePath(rfilename, what),
      bytes: lfs?.size ?? size,
      blob: lfs?.sha256 ?? blobId,
    })),
  }
}

const bytes = z.int().nonnegative()
const schema = z.looseObject({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.looseObject({
      rfilename: z.string(),
      size: bytes,
      blobId: z.string().regex(/^[0-9a-f]{40}$/),
      lfs: z.looseObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: bytes }).nullish(),
    }),
  ),
})
