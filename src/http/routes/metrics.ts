/** `/stash/{id}/metrics`: the flags of a stash as metrics. Public, and cached like a read. */
import { Hono } from 'hono'
import type { LiveSnapshot } from '../../model/snapshot/snapshot.ts'
import { METRICS_TYPE, toMetrics } from '../response/metrics.ts'
import { problemResponse } from '../response/reply.ts'
import { readSnapshot } from '../response/read-snapshot.ts'
import { getStashTimes, serve, type Representation } from '../response/serve.ts'
import { toReadScope, type App } from '../scope.ts'

export const metrics = new Hono<App>().get('/stash/:stash/metrics', async (c) => {
  const read = await readSnapshot(toReadScope(c))
  if (!read.ok) return problemResponse(read.refusal)
  const { entry } = read.value
  return serve(c.req.raw, entry, '/metrics', () => toMetricsRepresentation(entry.snapshot, Date.now()))
})

function toMetricsRepresentation(snapshot: LiveSnapshot, now: number): Representation {
  const { freeze, keyFreezes = [] } = snapshot.stash
  const freezes = [...(freeze === null ? [] : [freeze]), ...keyFreezes]
  const inForce = freezes.filter(({ until }) => until === null || until > now)
  const isFrozen = freeze !== null && inForce.includes(freeze)
  const { until = Infinity, reverted } = getStashTimes(snapshot)
  return {
    body: toMetrics(snapshot, { isFrozen, frozenSets: inForce.length - Number(isFrozen) }),
    type: METRICS_TYPE,
    version: snapshot.revision,
    until: Math.min(until, ...inForce.map((one) => one.until ?? Infinity)),
    // A freeze that has ended by the clock changes the metrics without a revision, as the end of a time-box does.
    reverted: Number(reverted ?? 0) + freezes.length - inForce.length,
  }
}
