/** Leases over time: how many calls isolates make that keep them, and what becomes of the leases when the crowd changes. */
import { describe, expect, it } from 'vitest'
import { Leases } from '../../src/stash/vouch/leases.ts'

/** Isolates that ask again a little before each lease ends, by a clock of our own. */
class Crowd {
  now = 1_000_000_000
  readonly leases: Leases
  #due: number[] = []
  /** By isolate: its last lease, after a failure. */
  #formerMs: (number | undefined)[] = []
  #leaseMs: number[] = []

  constructor(callsPerSecond?: number) {
    this.leases = new Leases(() => this.now, callsPerSecond)
  }

  join(count: number, withinMs: number): void {
    for (let i = 0; i < count; i++) this.#due.push(this.now + (i / count) * withinMs)
  }

  /** The object cannot be reached. Then all ask within a time. */
  failFor(ms: number, withinMs: number): void {
    this.now += ms
    this.#formerMs = [...this.#leaseMs]
    this.#due = this.#due.map((_, i) => this.now + (i / this.#due.length) * withinMs)
  }

  leave(count: number): void {
    this.#due = this.#due.slice(count)
  }

  /** @returns the calls of this time, and the last lease */
  pass(ms: number): { calls: number; leaseMs: number } {
    let [calls, leaseMs] = [0, 0]
    for (const end = this.now + ms; this.now < end; this.now += 50) {
      for (const [i, at] of this.#due.entries()) {
        if (at > this.now) continue
        calls++
        leaseMs = this.leases.grant(this.#formerMs[i])
        this.#formerMs[i] = undefined
        this.#leaseMs[i] = leaseMs
        this.#due[i] = this.now + leaseMs - 100
      }
    }
    return { calls, leaseMs }
  }
}

describe('a lease', () => {
  it('is a second as long as few ask', () => {
    const crowd = new Crowd()
    crowd.join(200, 1_000)
    crowd.pass(10_000)
    const { calls, leaseMs } = crowd.pass(10_000)
    expect(leaseMs).toBe(1_000)
    expect(calls / 10).toBeGreaterThan(200)
  })
  it.each([1_500, 6_000])('keeps the calls of %i isolates at 285 a second, spread evenly', (isolates) => {
    const crowd = new Crowd()
    crowd.join(isolates, 1_000)
    crowd.pass(60_000)
    for (let second = 0; second < 30; second++) {
      const { calls, leaseMs } = crowd.pass(1_000)
      expect(calls).toBeLessThan(310)
      expect(calls).toBeGreaterThan(260)
      expect(leaseMs).toBeLessThan((isolates / 285) * 1_050)
    }
  })
  it('is as long as the number of calls that the operator allows demands', () => {
    const crowd = new Crowd(1)
    crowd.join(10, 1_000)
    crowd.pass(60_000)
    const { calls, leaseMs } = crowd.pass(30_000)
    expect(calls).toBeGreaterThan(25)
    expect(calls).toBeLessThan(35)
    expect(leaseMs).toBeGreaterThan(8_000)
  })
  it('is never longer than a minute', () => {
    const crowd = new Crowd()
    crowd.join(40_000, 1_000)
    expect(crowd.pass(2_000).leaseMs).toBe(60_000)
  })
  it('falls when the crowd has left', () => {
    const crowd = new Crowd()
    crowd.join(6_000, 10_000)
    crowd.pass(60_000)
    crowd.leave(5_900)
    crowd.pass(60_000)
    expect(crowd.pass(5_000).leaseMs).toBe(1_000)
  })
  it('is the former one while the isolates come back after an outage', () => {
    const crowd = new Crowd()
    crowd.join(6_000, 1_000)
    crowd.pass(60_000)
    crowd.failFor(60_000, 20_000)
    for (let second = 0; second < 60; second++) expect(crowd.pass(1_000).calls).toBeLessThan(1.3 * 285)
  })
  it('is a second again for the few that have stayed, once they have kept their former ones', () => {
    const crowd = new Crowd()
    crowd.join(6_000, 1_000)
    crowd.pass(60_000)
    crowd.failFor(60_000, 20_000)
    crowd.leave(5_900)
    crowd.pass(60_000)
    expect(crowd.pass(5_000).leaseMs).toBe(1_000)
  })
  it('of an isolate whose question failed does not lengthen those of others', () => {
    const crowd = new Crowd()
    crowd.join(20, 1_000)
    crowd.pass(5_000)
    expect(crowd.leases.grant(30_000)).toBe(30_000)
    expect(crowd.leases.grant()).toBe(1_000)
    expect(crowd.pass(2_000).leaseMs).toBe(1_000)
  })
  it('counts anew after a clock that was set back, and after a long pause', () => {
    const crowd = new Crowd()
    crowd.join(6_000, 1_000)
    crowd.pass(2_000)
    for (const step of [-3_600_000, 3_600_000]) {
      crowd.now += step
      expect(crowd.leases.grant()).toBe(1_000)
    }
  })
})
