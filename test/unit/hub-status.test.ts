/** A hub in Node, with stand-ins for its storage, its sockets and its stash that the test controls. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { change, makeHub, type SocketStub, getSent, useHubStubs } from '../support/hub-in-node.ts'

vi.mock('cloudflare:workers', () => ({
  DurableObject: class {
    readonly ctx: unknown
    readonly env: unknown
    constructor(ctx: unknown, env: unknown) {
      this.ctx = ctx
      this.env = env
    }
  },
}))

useHubStubs()

describe('the status in a hub', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const status = (held: number) => ({ held, freezes: [] })
  const getHeld = (socket: SocketStub | undefined) =>
    (socket?.sent ?? [])
      .filter((text) => text.startsWith('{"type":"status"'))
      .map((text) => (JSON.parse(text) as { held: number }).held)
  /** The stash answers each question with this status. */
  const answerWith = (stash: ReturnType<typeof makeHub>['stash'], held: number) => {
    const { missed } = stash
    stash.missed = async (ask) => {
      const answer = await missed(ask)
      return answer && { ...answer, status: status(held) }
    }
  }

  it('comes with the answer to a question, and reaches each watcher once', async () => {
    const { stash, join, tell } = makeHub()
    answerWith(stash, 1)
    const [asked, other] = [(await join('after=0&status=1')).socket, (await join('after=0')).socket]
    await tell([change(1)], status(1))
    await tell([], status(2))
    expect([getHeld(asked), getHeld(other)]).toEqual([[1, 2], []])
    expect(getSent(asked)).toEqual([0, 1, 1])
  })
  it('of an older answer does not replace one that the stash sent after the question', async () => {
    const { stash, join, tell } = makeHub()
    answerWith(stash, 1)
    const { socket } = await join('after=0&status=1')
    vi.advanceTimersByTime(1_000)
    const { missed } = stash
    stash.missed = async (ask) => {
      const answer = await missed(ask)
      await tell([], status(2))
      return answer
    }
    const { socket: late } = await join('after=0&status=1')
    expect([getHeld(socket), getHeld(late)]).toEqual([[1, 2], [2]])
  })
  it('of a newer answer also reaches the watchers that are here', async () => {
    const { stash, join } = makeHub()
    answerWith(stash, 1)
    const { socket } = await join('after=0&status=1')
    answerWith(stash, 3)
    // Within a second the hub asks nothing.
    await join('after=0')
    expect(getHeld(socket)).toEqual([1])
    vi.advanceTimersByTime(1_000)
    await join('after=0')
    expect(getHeld(socket)).toEqual([1, 3])
  })
  it('is not repeated after a hibernation', async () => {
    const { stash, join, tell, sleepAndWake } = makeHub()
    answerWith(stash, 1)
    const { socket } = await join('after=0&status=1')
    sleepAndWake()
    await tell([], status(1))
    await tell([], status(2))
    expect(getHeld(socket)).toEqual([1, 2])
  })
  it('is absent where the stash runs an older version', async () => {
    const { join, tell } = makeHub()
    const { socket } = await join('after=0&status=1')
    expect(await tell([change(1)])).toBe(1)
    expect([getHeld(socket), getSent(socket)]).toEqual([[], [1]])
  })
})
