/** Runs `Hubs` on the real tables of a real object, with stand-ins for the hubs and for the clock that the test controls. */
import { runInDurableObject } from 'cloudflare:test'
import type { WatchEvent } from '../../src/model/snapshot/watch-event.ts'
import type { WatchStatus } from '../../src/model/snapshot/watch-status.ts'
import { CALL_DEADLINE_MS, Hubs, type HubSource } from '../../src/stash/watch/hubs.ts'
import { newStash, getObject } from './front-door.ts'

type Call = {
  name: string
  events: WatchEvent[]
  /** The arguments of the call after its events. */
  rest: unknown[]
  answer(confirmed: number | null): Promise<void>
  fail(): Promise<void>
}
type Row = { name: string; subscription: string; told: number; failures: number; tried_at: number }

type Bench = {
  hubs: Hubs
  world: {
    now: number
    head: number | null
    /** Stands in for `confirm` and `knownUpTo` of `HubSource`. */
    confirming: Promise<void> | null
    knownUpTo: number
    status: WatchStatus | null
    calls: Call[]
    reports: string[]
    armedTo: number[]
  }
  rows(): Row[]
  /** Writes this many revisions of one flag. */
  commit(count: number, valueOf?: (i: number) => string): Promise<void>
  /** Resolves when all promises have settled, except those that wait for a call or for the clock. */
  settle(): Promise<void>
  /** Advances the clock past the deadline of the calls in flight. */
  passDeadline(): Promise<void>
}

/** Promises of an object can be awaited only inside it, so the whole test runs there. */
export async function withHubs(test: (bench: Bench) => Promise<void>): Promise<void> {
  const stash = await newStash()
  await runInDurableObject(getObject(stash), async (object, { storage }) => {
    const { sql } = storage
    // The object broadcasts these commits to the hubs in its own table, so the hubs of the test have a table of their own.
    sql.exec(`CREATE TABLE tested AS SELECT * FROM hub`)
    sql.exec('CREATE UNIQUE INDEX tested_name ON tested (name)')
    const exec = (query: string, ...bindings: unknown[]) =>
      sql.exec(query.replaceAll(/\bhub\b/g, 'tested'), ...bindings)
    const tested = new Proxy(sql, { get: (_, name) => (name === 'exec' ? exec : undefined) })
    const { hash } = sql.exec<{ hash: string }>('SELECT hash FROM token').one()
    const world: Bench['world'] = {
      now: 1_000_000,
      head: 0,
      confirming: null,
      knownUpTo: Infinity,
      status: null,
      calls: [],
      reports: [],
      armedTo: [],
    }
    const settle = () => scheduler.wait(0)
    const sleepers: { resolve(): void; signal: AbortSignal }[] = []
    const source: HubSource = {
      sql: tested,
      hub: (name) => ({
        tell: (events, ...rest) =>
          new Promise((resolve, reject) => {
            const answer = (confirmed: number | null) => (resolve(confirmed), settle())
            const fail = () => (reject(new Error('out of reach')), settle())
            world.calls.push({ name, events, rest, answer, fail })
          }),
      }),
      now: () => world.now,
      sleep: (_, signal) => new Promise<void>((resolve) => sleepers.push({ resolve, signal })),
      head: () => world.head,
      exists: () => true,
      confirm: () => world.confirming,
      knownUpTo: () => world.knownUpTo,
      scheduleAlarm: () => void world.armedTo.push(hubs.nextAt() ?? Infinity),
      report: (fault) => void world.reports.push(String(fault)),
    }
    const hubs = new Hubs(source, () => world.status)
    const commit: Bench['commit'] = async (count, valueOf = String) => {
      for (let i = 0; i < count; i++) {
        const intent = { kind: 'put' as const, key: 'a', value: valueOf(i), type: 'text/plain' }
        const applied = await object.apply({ credential: { kind: 'token', hash }, intent })
        if (!applied.ok) throw new Error(applied.refusal.code)
        world.head = applied.value.revision
      }
    }
    const passDeadline = async () => {
      world.now += CALL_DEADLINE_MS
      for (const { resolve, signal } of sleepers.splice(0)) if (!signal.aborted) resolve()
      await settle()
    }
    const rows = () => sql.exec<Row>('SELECT * FROM tested ORDER BY name').toArray()
    await test({ hubs, world, rows, commit, settle, passDeadline })
  })
}

export const getRevisions = ({ events }: Call) => events.map(({ revision }) => revision)
