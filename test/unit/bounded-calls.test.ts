import { describe, expect, it } from 'vitest'
import { BoundedCalls } from '../../src/live/bounded-calls.ts'

/** Calls that the test answers, and deadlines that it lets pass. */
function makeBoundedCalls(atOnce = 2) {
  const calls: { key: string; answer(value: string): void; fail(): void }[] = []
  const deadlines: { ms: number; pass(): void; signal: AbortSignal }[] = []
  const bounded = new BoundedCalls({
    atOnce,
    deadlineMs: 500,
    sleep: (ms, signal) =>
      new Promise<void>((pass, abort) => {
        deadlines.push({ ms, pass, signal })
        signal.addEventListener('abort', () => abort(new Error('aborted')))
      }),
  })
  const ask = (key: string) =>
    bounded.run(
      key,
      () => new Promise<string>((answer, fail) => calls.push({ key, answer, fail: () => fail(new Error('broken')) })),
    )
  const settle = () => new Promise((done) => setTimeout(done, 0))
  return { calls, deadlines, ask, settle, keys: () => calls.map(({ key }) => key) }
}

describe('BoundedCalls', () => {
  it('makes one call for all equal calls, and one for each different one', async () => {
    const { calls, ask, keys } = makeBoundedCalls()
    const asked = [ask('a'), ask('a'), ask('b'), ask('a')]
    expect(keys()).toEqual(['a', 'b'])
    calls[0]?.answer('A')
    calls[1]?.answer('B')
    expect(await Promise.all(asked)).toEqual(['A', 'A', 'B', 'A'])
  })
  it('calls again once a call has succeeded or failed', async () => {
    const { calls, ask, keys } = makeBoundedCalls()
    const one = ask('a')
    calls[0]?.answer('A')
    await one
    const two = ask('a')
    calls[1]?.fail()
    await expect(two).rejects.toThrow('broken')
    void ask('a')
    expect(keys()).toEqual(['a', 'a', 'a'])
  })
  it('limits the calls in flight, and runs the others in the order of arrival', async () => {
    const { calls, ask, settle, keys } = makeBoundedCalls(2)
    const asked = ['a', 'b', 'c', 'd', 'e'].map((key) => ask(key).catch(() => 'failed'))
    expect(keys()).toEqual(['a', 'b'])
    calls[1]?.answer('B')
    await settle()
    expect(keys()).toEqual(['a', 'b', 'c'])
    calls[0]?.fail()
    await settle()
    expect(keys()).toEqual(['a', 'b', 'c', 'd'])
    for (const call of calls.slice(2)) call.answer('x')
    await settle()
    calls[4]?.answer('x')
    expect(await Promise.all(asked)).toEqual(['failed', 'B', 'x', 'x', 'x'])
  })
  it('has its full limit again when all calls have ended', async () => {
    const { calls, ask, settle, keys } = makeBoundedCalls(2)
    const asked = ['a', 'b', 'c'].map(ask)
    for (const index of [0, 1, 2]) {
      calls[index]?.answer('x')
      await settle()
    }
    await Promise.all(asked)
    for (const key of ['d', 'e', 'f', 'g']) void ask(key)
    expect(keys().slice(3)).toEqual(['d', 'e'])
  })
  it('abandons a call at its deadline, so that the next can start', async () => {
    const { calls, deadlines, ask, settle, keys } = makeBoundedCalls(1)
    const late = ask('a').catch((fault: Error) => fault.message)
    void ask('b')
    expect(deadlines.map(({ ms }) => ms)).toEqual([500])
    expect(keys()).toEqual(['a'])
    deadlines[0]?.pass()
    expect(await late).toBe('the stash did not answer within 500 ms')
    await settle()
    expect(keys()).toEqual(['a', 'b'])
    // Its late answer is ignored, and does not change the limit.
    calls[0]?.answer('late')
    void ask('c')
    await settle()
    expect(keys()).toEqual(['a', 'b'])
  })
  it('clears its timer when the answer arrives', async () => {
    const { calls, deadlines, ask } = makeBoundedCalls()
    const asked = ask('a')
    expect(deadlines[0]?.signal.aborted).toBe(false)
    calls[0]?.answer('A')
    await asked
    expect(deadlines[0]?.signal.aborted).toBe(true)
  })
})
