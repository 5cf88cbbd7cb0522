/** What KV holds of a stash, and what the log says of it. */
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { serializeSnapshot } from '../../src/model/snapshot/snapshot.ts'

export const kvRevision = async (id: string) =>
  (await env.SNAPSHOTS.get<{ revision: number }>(id, 'json'))?.revision ?? -1

/** What KV holds of a stash at a revision: the flag `n`, which says which world it is of. */
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

/** Of the log lines written from now on, how many have this name. */
export function countLines(): (at: string) => number {
  const lines = vi.spyOn(console, 'error').mockImplementation(() => {})
  return (at) => lines.mock.calls.filter(([line]) => String(line).includes(`"at":"${at}"`)).length
}
