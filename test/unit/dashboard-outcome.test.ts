/** The outcome that the dashboard's dialogs show for a change, by the responses to its attempts. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NoAnswerError, RefusedError } from '../../src/client/requests/errors.ts'
import { callApi, isTokenEnded } from '../../src/dashboard/api/call.ts'
import { isUnknown, sendUntilKnown } from '../../src/dashboard/api/outcome.ts'
import { answerTry, nameOf, OUTCOME_CASES, type OutcomeCase } from '../support/outcome-cases.ts'

/** Responds by the case in the first segment of the path. Counts the attempts of each Idempotency-Key, and records headers. */
let server: Server
let url: string
const tries = new Map<string, number>()
const seen: Record<string, string | undefined>[] = []

beforeAll(async () => {
  server = createServer(({ url: path = '', headers }, response) => {
    const key = String(headers['idempotency-key'])
    const count = (tries.get(key) ?? 0) + 1
    tries.set(key, count)
    seen.push({ glass: headers['break-glass']?.toString(), key })
    answerTry(response, OUTCOME_CASES[Number(path.split('/')[1])] ?? { tries: ['applied'], outcome: 'yes' }, count)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address object.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

type End = { outcome: 'yes' | 'no' | 'unknown'; attempts: number; error: unknown }

/** Presses "try again now" until each listed attempt was made, then "stop". */
async function change(index: number, { tries: listed }: Pick<OutcomeCase, 'tries'>, isRetry = false): Promise<End> {
  const [stop, retryNow] = [new AbortController(), new EventTarget()]
  const key = `case-${index}-${isRetry}`
  const send = () =>
    callApi<object>({ url: `${url}/${index}` }, 'PUT', '/item/s/k', { headers: { 'Idempotency-Key': key }, body: '1' })
  const onUnknown = (attempt: number): void => {
    if (attempt >= listed.length) stop.abort()
    // The pause begins after this.
    else queueMicrotask(() => retryNow.dispatchEvent(new Event('retry')))
  }
  try {
    await sendUntilKnown(send, { isRetry, signal: stop.signal, retryNow, onUnknown })
    return { outcome: 'yes', attempts: tries.get(key) ?? 0, error: null }
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof NoAnswerError)) throw error
    return { outcome: error.applied, attempts: tries.get(key) ?? 0, error }
  }
}

describe('sendUntilKnown', () => {
  it.each(OUTCOME_CASES.map((one, index) => [nameOf(one), one, index] as const))('%s', async (_, one, index) => {
    const { outcome, attempts, error } = await change(index, one)
    expect(outcome).toBe(one.outcome)
    expect(attempts).toBe(one.tries.length)
    expect(isUnknown(error)).toBe(outcome === 'unknown')
  })

  it('does not treat a refusal as proof if an earlier dialog had no answer under the same key', async () => {
    const index = OUTCOME_CASES.findIndex((one) => nameOf(one) === '403 invalid_token: no')
    const { outcome, error } = await change(index, { tries: ['lost'] }, true)
    expect(outcome).toBe('unknown')
    const { cause } = error as Error
    expect(isTokenEnded(cause)).toBe(true)
  })
})

describe('callApi', () => {
  it('sends a header with any characters as its UTF-8 bytes', async () => {
    const headers = { 'Break-Glass': 'Störung 🔥', 'Idempotency-Key': 'glass' }
    await callApi({ url: `${url}/none` }, 'PUT', '/item/s/k', { headers })
    const glass = seen.find(({ key }) => key === 'glass')?.['glass'] ?? ''
    expect(Buffer.from(glass, 'latin1').toString('utf8')).toBe('Störung 🔥')
  })
})
