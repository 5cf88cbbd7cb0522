/** Reads and builds the copy of a stash in KV, and counts log lines. */
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { serializeSnapshot } from '../../src/model/snapshot/snapshot.ts'

export const kvRevision = async (id: string) =>
  (await env.SNAPSHOTS.get<{ revision: number }>(id, 'json'))?.revision ?? -1

/** Builds the text in KV of a stash at a revision. Its only flag is `n`; its value tells the tests which copy they see. */
export const textAt = (id: string, revision: number, value = 'old world') =>
  serializeSnapshot(
    {
      stashId: id,
      revision,
      chain: null,
      publishedAt: 1,
      stash: { name: null, description: null, profile: 'safeguarded', createdAt: 1, freeze: null },
      reverts: [],
    },
    [{ key: 'n', value, type: 'text/plain', version: revision }],
  )

/** Counts the error lines with a given name that are logged after this call. */
export function countLines(): (at: string) => number {
  const lines = vi.spyOn(console, 'error').mockImplementation(() => {})
  return (at) => lines.mock.calls.filter(([line]) => String(line).includes(`"at":"${at}"`)).length
}
