/** How much of a body the Worker reads before the stash has authenticated the token: little, and no guards. */
import { describe, expect, it } from 'vitest'
import { mintToken, TOKEN_PREFIX } from '../../src/model/access/token.ts'
import { newStash, send } from '../support/front-door.ts'
import type { Stash } from '../support/stash.ts'

const madeUp = (): string => mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(64)))

/** The runtime itself pulls one piece before the Worker reads any. */
const FETCHED_AHEAD = 1

/** Sends a body in pieces that are created on demand. Returns the status and the number of pieces. */
async function sendPieces(stash: Stash, method: string, path: string, token: string, headers = {}) {
  let read = 0
  const piece = new TextEncoder().encode(' '.repeat(1024))
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        read++
        if (read > 200) controller.close()
        else controller.enqueue(piece)
      },
    },
    { highWaterMark: 0 },
  )
  const response = await send(path.replace('S', stash.id), {
    method,
    headers: { Authorization: `Bearer ${token}`, ...headers },
    body,
  })
  return { status: response.status, read }
}

describe('a write with a token that the stash does not know', () => {
  it.each([
    ['POST', '/stash/S/import'],
    ['PUT', '/stash/S/guards/k'],
    ['PATCH', '/stash/S/flags'],
    ['PUT', '/item/S/k'],
    ['POST', '/stash/S/tokens'],
  ])('%s %s reads nothing of a body of unknown length', async (method, path) => {
    const stash = await newStash()
    const unknown = await sendPieces(stash, method, path, madeUp())
    expect(unknown.status).toBe(403)
    expect(unknown.read).toBeLessThanOrEqual(FETCHED_AHEAD)
    // The same body with a valid token is read, and refused.
    const known = await sendPieces(stash, method, path, stash.token)
    expect(known.read).toBeGreaterThan(FETCHED_AHEAD)
    expect(known.status).toBeGreaterThanOrEqual(400)
  })
  it.each([
    ['POST', '/stash/S/import', '100'],
    ['PUT', '/stash/S/guards/k', '100'],
    ['PATCH', '/stash/S/flags', String(64 * 1024 + 1)],
  ])('%s %s reads nothing of a body of %s bytes', async (method, path, length) => {
    const stash = await newStash()
    const { status, read } = await sendPieces(stash, method, path, madeUp(), { 'Content-Length': length })
    expect(status).toBe(403)
    expect(read).toBeLessThanOrEqual(FETCHED_AHEAD)
  })
})
