/** What it costs a watcher to come back: a new connection, and what it missed. */
import { inMs, median, ofPlace, round, unknown, type Measure } from './line.ts'

const TIMES = 10
const ANSWER_MS = 10_000

export const measureSocket: Measure = async ({ client, stash, key, place }) => {
  const how = `a WebSocket of the stash's watch, opened anew ${TIMES} times with after=, until it is told the change that it missed`
  if (typeof WebSocket === 'undefined') return { socket: unknown('not measured: it takes Node 22', how) }
  const { revision } = await stash.put(`${key}-socket`, 'missed')
  const took: { open: number; told: number }[] = []
  const url = client.toSocketUrl(`/stash/${stash.id}/watch?after=${revision - 1}`)
  for (let i = 0; i < TIMES; i++) {
    await client.pace()
    took.push(await reconnect(url))
  }
  const [open, told] = [took.map((one) => one.open), took.map((one) => one.told)]
  const figure = `open after ${inMs(median(open))}, told after ${inMs(median(told))}, at most ${inMs(Math.max(...told))}; one request each`
  const values = { open: round(median(open)), told: round(median(told)), longest: round(Math.max(...told)) }
  return { socket: ofPlace(place, { figure, how, values, isKnown: true }) }
}

function reconnect(url: string): Promise<{ open: number; told: number }> {
  return new Promise((resolve, reject) => {
    const from = performance.now()
    let open = Number.NaN
    const socket = new WebSocket(url)
    const timer = setTimeout(() => end(new Error('a watch told nothing in ten seconds')), ANSWER_MS)
    const end = (outcome: Error | { open: number; told: number }): void => {
      clearTimeout(timer)
      socket.close()
      if (outcome instanceof Error) reject(outcome)
      else resolve(outcome)
    }
    socket.addEventListener('open', () => (open = performance.now() - from))
    socket.addEventListener('message', () => end({ open, told: performance.now() - from }))
    socket.addEventListener('error', () => end(new Error('a watch could not be opened')))
  })
}
