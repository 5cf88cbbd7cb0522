/** `/stash/{id}/metrics`: the flags of a stash as metrics. Public, and cached like a read. */
import { Hono } from 'hono'
import type { PublicFreeze } from '../../model/freeze.ts'
import type { LiveSnapshot } from '../../model/snapshot/snapshot.ts'
import { METRICS_TYPE, toMetrics } from '../response/metrics.ts'
import { problemResponse } from '../response/reply.ts'
import { readSnapshot } from '../response/read-snapshot.ts'
import { getTimesWithFreezes, listFreezes, serve, type Representation } from '../response/serve.ts'
import { toReadScope, type App } from '../scope.ts'

export const metrics = new Hono<App>().get('/stash/:stash/metrics', async (c) => {
  const read = await readSnapshot(toReadScope(c))
  if (!read.ok) return problemResponse(read.refusal)
  const { entry } = read.value
  const standing = listFreezes(entry.snapshot)
  return serve(c.req.raw, entry, `/metrics ${standing.length}`, () => toMetricsRepresentation(entry.snapshot, standing))
})

function toMetricsRepresentation(snapshot: LiveSnapshot, standing: PublicFreeze[]): Representation {
  const frozenSets = standing.filter(({ keys }) => keys !== null).length
  return {
    body: toMetrics(snapshot, { isFrozen: standing.length > frozenSets, frozenSets }),
    type: METRICS_TYPE,
    version: snapshot.revision,
    ...getTimesWithFreezes(snapshot, standing),
  }
}
