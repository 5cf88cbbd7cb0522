/** For tests of a stash's health and of its log lines: a published stash, its health, its log lines, and faults inside it. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { expect, vi, type MockInstance } from 'vitest'
import type * as z from 'zod'
import { stashHealth } from '../../src/wire/health.ts'
import { newOperator, getObject } from './front-door.ts'
import { pass } from './frozen-time.ts'
import type { Operator } from './operator.ts'
import type { Stash } from './stash.ts'

type Line = { level: string; at: string; message: string; stash: string; [fact: string]: unknown }

export type Errors = MockInstance<typeof console.error>

/** Captures the error lines instead of printing them, until mocks are restored. */
export const catchErrors = (): Errors => vi.spyOn(console, 'error').mockImplementation(() => {})

/** Returns the log lines of this stash with this name. */
export const getLogLines = (errors: Errors, { id }: Stash, at: string): Line[] =>
  errors.mock.calls
    .map(([text]) => JSON.parse(String(text)) as Line)
    .filter((line) => line.stash === id && line.at === at)

export async function getHealth(operator: Operator): Promise<z.infer<typeof stashHealth>> {
  const { status, body } = await operator.call('GET', '/health')
  expect(status).toBe(200)
  const health = stashHealth.parse(body)
  // The schema strips unknown fields, so this also fails if the body has one.
  expect(health).toEqual(body)
  return health
}

export const ring = ({ id }: Stash): Promise<unknown> => runDurableObjectAlarm(getObject({ id })).catch(() => 'died')

export const inside = <R>({ id }: Stash, act: (storage: DurableObjectStorage) => R | Promise<R>): Promise<R> =>
  runInDurableObject(getObject({ id }), (_, { storage }) => act(storage))

/** Creates a stash whose first write has been published to KV. */
export async function quietStash(): Promise<{ stash: Stash; master: Operator }> {
  const made = await newOperator()
  await made.master.set('maintenance-mode', 'false')
  await pass(made.stash, 2_000)
  await pass(made.stash, 2_000)
  return made
}

/** Makes the rows of reverts unreadable, as corrupt storage or a bug would. */
export const breakReverts = (stash: Stash): Promise<unknown> =>
  inside(stash, ({ sql }) => void sql.exec(`UPDATE held SET change = 'x' || change WHERE kind = 'revert'`))
export const mendReverts = (stash: Stash): Promise<unknown> =>
  inside(stash, ({ sql }) => void sql.exec(`UPDATE held SET change = substr(change, 2) WHERE kind = 'revert'`))

/** Aborts the object, as a limit of the platform would, when it writes the log entry of a revert. */
export async function abortInReverts(stash: Stash): Promise<void> {
  await runInDurableObject(getObject(stash), (_, state) => {
    const { sql } = state.storage
    const exec = sql.exec.bind(sql)
    sql.exec = (<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) => {
      if (query.includes('INSERT INTO log') && bindings.includes('revert')) state.abort('ended by a test')
      return exec<T>(query, ...bindings)
    }) as typeof sql.exec
  })
}
