/** Two guarantees that Cloudflare's cache could break: a HEAD changes nothing, and a gate that is closed answers 503 to everyone. */
import { inMs, LOCAL, round, unknown, type Finding, type Measure } from './line.ts'
import { poll } from './cached.ts'
import { parse } from './subject.ts'

export const measureHead: Measure = async ({ client, subjects, place, key }) => {
  const how =
    'HEAD of a one-time link of a stash with the WrenDB profile, where a GET applies the change; then a read by its token, and the GET'
  if (!subjects.mayCreate) return { head: unknown('not measured: it takes a stash of that profile of its own', how) }
  const stash = await subjects.take('wrendb')
  await stash.put(key, 'before')
  const { token } = stash
  const made = await client.send(`/item/${stash.id}/${key}/presign`, { method: 'POST', token, body: 'after' })
  const { url } = parse<{ url: string }>(made, 'the creation of a link')
  const read = async (): Promise<string> => {
    // With a token the object answers, and no cache.
    const answer = await client.send(`/stash/${stash.id}/items`, { token })
    return parse<{ items: { key: string; value: string }[] }>(answer, 'GET of the items').items[0]?.value ?? ''
  }
  const head = await client.send(url, { method: 'HEAD' })
  const acts = (await read()) === 'after'
  const get = await client.send(url)
  const getActs = (await read()) === 'after'
  if (!getActs) return { head: unknown(`not known: the GET answered ${get.status} and changed nothing`, how) }
  const figure = acts ? 'a HEAD acts: it came to the Worker as a GET' : 'a HEAD changes nothing'
  const finding: Finding = {
    figure: `${figure} (${head.status})`,
    how,
    values: { acts, status: head.status },
    isKnown: true,
  }
  if (place.isCloudflare) return { head: finding }
  return { head: { ...finding, figure: `${finding.figure}; ${LOCAL}`, isKnown: false } }
}

const OPEN_MS = 2_000
const CLOSED_MS = 8_000
const POLL_MS = 50

export const measureGate: Measure = async ({ client, stash, key, place }) => {
  const how = `a gate, each ${POLL_MS} ms: open for ${OPEN_MS / 1_000} s, then closed for ${CLOSED_MS / 1_000} s, which is a 503 that is meant`
  const flag = `${key}-gate`
  await stash.put(flag, 'false')
  const ask = async (): Promise<number> => (await client.send(`/gate/${stash.id}/${flag}`)).status
  const open = new Set<number>()
  await poll(OPEN_MS, POLL_MS, async () => (open.add(await ask()), false))
  const { at } = await stash.put(flag, 'true')
  const after: { status: number; ms: number }[] = []
  await poll(CLOSED_MS, POLL_MS, async () => {
    const sentAt = performance.now()
    after.push({ status: await ask(), ms: sentAt - at })
    return false
  })
  after.sort((a, b) => a.ms - b.ms)
  const first = after.find(({ status }) => status === 503)
  const statuses = [...open, ...after.map(({ status }) => status)]
  const other = [...new Set(statuses.filter((status) => status !== 204 && status !== 503))].join(', ')
  const method = `${how}; it was open before with ${[...open].join(', ')}`
  const toLine = (figure: string, values: Finding['values']): { gate: Finding } => ({
    gate: {
      figure: place.isCloudflare ? figure : `${figure}; ${LOCAL}`,
      how: method,
      values,
      isKnown: place.isCloudflare,
    },
  })
  if (first === undefined)
    return toLine(`never closed in ${CLOSED_MS / 1_000} s: the 503 did not come through`, { isPassedOn: false })
  const openAgain = after.filter(({ status, ms }) => status !== 503 && ms > first.ms)
  const last = openAgain.at(-1)
  const figure =
    (openAgain.length === 0
      ? `the 503 is passed on, ${inMs(Math.max(0, first.ms))} after the commit, and nothing else after it`
      : `the 503 is passed on ${inMs(Math.max(0, first.ms))} after the commit; ${openAgain.length} answers after it were open still, the last after ${inMs(last?.ms ?? 0)}`) +
    (other === '' ? '' : `; other answers: ${other}`)
  return toLine(figure, {
    isPassedOn: true,
    closedAfter: round(Math.max(0, first.ms)),
    openAfterwards: openAgain.length,
  })
}
