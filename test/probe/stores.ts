/** How long Workers KV takes for a put, and how late it is in this place, as far as the service shows it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { getRevision, inMs, LOCAL, median, ofPlace, round, unknown, type Measure, type Probe } from './line.ts'
import { parse } from './subject.ts'
import { poll } from './cached.ts'

const PUTS = 3
/** The publisher puts a key at most once in 1.1 s, so that a put begins with its commit only after a pause. */
const PAUSE_MS = 1_500
const POLL_MS = 100
const PUT_MAX_MS = 10_000

type Health = { checks: { kv: { revision: number | null } } }

export const measureKvPut: Measure = async (probe) => {
  const { client, stash, key, place } = probe
  const how = `${PUTS} commits; the stash's health, each ${POLL_MS} ms, says when the put of a revision is confirmed`
  const took: number[] = []
  for (let i = 0; i < PUTS; i++) {
    await sleep(PAUSE_MS)
    const { revision, at } = await stash.put(`${key}-kv`, `put ${i}`)
    let confirmedAt: number | null = null
    await poll(PUT_MAX_MS, POLL_MS, async () => {
      const answer = await client.send(`/stash/${stash.id}/health`, { token: stash.token })
      const known = parse<Health>(answer, "the stash's health").checks.kv.revision
      if (known !== null && known >= revision) confirmedAt ??= answer.receivedAt
      return confirmedAt !== null
    })
    if (confirmedAt !== null) took.push(Math.max(0, confirmedAt - at))
  }
  if (took.length === 0) return { 'kv put': unknown(`no put was confirmed in ${PUT_MAX_MS / 1_000} s`, how) }
  const [least, most] = [Math.min(...took), Math.max(...took)]
  const figure = `${inMs(least)} to ${inMs(most)}, ${took.length} of ${PUTS} confirmed`
  const values = { least: round(least), median: round(median(took)), most: round(most), confirmed: took.length }
  return { 'kv put': ofPlace(place, { figure, how, values, isKnown: true }) }
}

const LAG_POLL_MS = 250
const LAG_MAX_MS = 75_000
const SPARE_MS = 8_000

export const measureKvLag: Measure = async (probe) => {
  const { client, stash, key, place } = probe
  const how = `with READ_MODE=kv: a commit, and reads past the cache each ${LAG_POLL_MS} ms, until one has it`
  if (!place.isCloudflare) return { 'kv lag': unknown(LOCAL, how) }
  if (place.isVouched) {
    return {
      'kv lag': unknown('not visible: the object confirms reads. Deploy a copy with READ_MODE=kv and probe that', how),
    }
  }
  const forMs = Math.min(LAG_MAX_MS, probe.leftMs() - SPARE_MS)
  if (forMs < LAG_POLL_MS) return { 'kv lag': unknown('not measured: the time was over', how) }
  await client.send(uncachedPath(probe, 'warm'))
  const { revision, at } = await stash.put(`${key}-kv`, 'lag')
  let seenAfter: number | null = null
  await poll(forMs, LAG_POLL_MS, async (i) => {
    const answer = await client.send(uncachedPath(probe, String(i)))
    if (getRevision(answer) >= revision) seenAfter ??= answer.receivedAt - at
    return seenAfter !== null
  })
  const late = seenAfter ?? forMs
  const figure = seenAfter === null ? `more than ${inMs(forMs)}` : `${inMs(late)}, one commit`
  return { 'kv lag': { figure, how, values: { lag: round(late), isCut: seenAfter === null }, isKnown: true } }
}

const uncachedPath = ({ stash, key }: Probe, name: string): string =>
  `/stash/${stash.id}/flags?keys=${key},lag-${Date.now().toString(36)}-${name}`
