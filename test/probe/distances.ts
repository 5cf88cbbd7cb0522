/** How far the edge, the Worker and the stash's object are, what the object takes for a call, and how many isolates answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Received } from './client.ts'
import { inMs, LOCAL, median, NO_CACHE, ofPlace, repeat, round, unknown, type Measure, type Probe } from './line.ts'
import { parse } from './subject.ts'

const TIMES = 20

const askWorker = ({ client }: Probe): Promise<Received> => client.send('/healthz')
/** Always answered by the object. */
const askObject = ({ client, stash }: Probe): Promise<Received> =>
  client.send(`/stash/${stash.id}/health`, { token: stash.token })

export const measureEdge: Measure = async (probe) => {
  const { client, stash, key, place } = probe
  const how = `a flag that the cache holds, and /healthz, which it does not: ${TIMES} times each, over one connection`
  if (!place.isCloudflare) return { edge: unknown(LOCAL, how) }
  if (!place.hasCache) return { edge: unknown(NO_CACHE, how) }
  const cached = await repeat(TIMES, () => client.send(`/item/${stash.id}/${key}`))
  const hits = cached.filter((answer) => answer.header('CF-Cache-Status') === 'HIT').map(({ ms }) => ms)
  if (hits.length === 0) return { edge: unknown('no read was a hit', how) }
  const worker = median((await repeat(TIMES, () => askWorker(probe))).map(({ ms }) => ms))
  const edge = median(hits)
  const figure = `${inMs(edge)} to the edge and back; ${inMs(worker - edge)} more where the Worker answers, behind all tiers`
  return {
    edge: { figure, how, values: { edge: round(edge), worker: round(worker), hits: hits.length }, isKnown: true },
  }
}

export const measureConfirmation: Measure = async (probe) => {
  const how = `the stash's health, which its object answers, less /healthz, which a Worker answers: ${TIMES} times each`
  const first = await askObject(probe)
  const object = median((await repeat(TIMES, () => askObject(probe))).map(({ ms }) => ms))
  const worker = median((await repeat(TIMES, () => askWorker(probe))).map(({ ms }) => ms))
  const roundTrip = Math.max(0, object - worker)
  const values = {
    roundTrip: round(roundTrip),
    oneWay: round(roundTrip / 2),
    first: round(first.ms),
    worker: round(worker),
  }
  const figure = `${inMs(roundTrip)} from the Worker to the object and back; the first call took ${inMs(first.ms)} in all`
  return { confirmation: ofPlace(probe.place, { figure, how, values, isKnown: true }) }
}

const BURSTS = 3
const AT_ONCE = 20

export const measureObject: Measure = async (probe) => {
  const how = `${AT_ONCE} calls at once, ${BURSTS} times: from the first answer to the last, for each call. An upper bound: the pace of the probe and the network are in it`
  const each: number[] = []
  for (let burst = 0; burst < BURSTS; burst++) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => askObject(probe)))
    const ends = answers.map(({ receivedAt }) => receivedAt)
    each.push((Math.max(...ends) - Math.min(...ends)) / (AT_ONCE - 1))
  }
  const call = Math.min(...each)
  const figure = `at most ${inMs(call)} a call`
  return { object: ofPlace(probe.place, { figure, how, values: { callAtMost: round(call) }, isKnown: true }) }
}

const CROWD = 200
const CROWD_GAP_MS = 20

export const measureIsolates: Measure = async (probe) => {
  const { client, place } = probe
  const how = `/healthz says which isolate answers: ${TIMES} times one after the other, then ${CROWD} times, 50 a second, each over a connection of its own`
  const name = (answer: Received): string => parse<{ isolate?: string }>(answer, '/healthz').isolate ?? ''
  const quiet = (await repeat(TIMES, () => askWorker(probe))).map(name)
  if (quiet.includes(''))
    return { isolates: unknown('not known: this version does not say which isolate answers', how) }
  const crowd: Promise<string[]>[] = []
  for (let i = 0; i < CROWD; i++) {
    const asked = client.send('/healthz', { isNewConnection: true })
    // One of many connections may fail. That is no answer of an isolate.
    crowd.push(
      asked.then(
        (answer) => [name(answer)],
        () => [],
      ),
    )
    await sleep(CROWD_GAP_MS)
  }
  const busy = (await Promise.all(crowd)).flat()
  const values = { quiet: new Set(quiet).size, busy: new Set(busy).size, answers: busy.length }
  const figure = `${values.quiet} of one connection, ${values.busy} of ${values.answers} connections, at ${place.colo ?? 'this machine'}`
  return { isolates: ofPlace(place, { figure, how, values, isKnown: true }) }
}
