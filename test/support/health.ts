/** What tests of a stash's health and of its log lines need: a stash at rest, its answers and lines, and faults inside it. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { expect, vi, type MockInstance } from 'vitest'
import type * as z from 'zod'
import { stashHealth } from '../../src/wire/health.ts'
import { newOperator, objectOf } from './front-door.ts'
import { pass } from './frozen-time.ts'
import type { Operator } from './operator.ts'
import type { Stash } from './stash.ts'

type Line = { level: string; at: string; message: string; stash: string; [fact: string]: unknown }

export type Errors = MockInstance<typeof console.error>

/** Keeps the error lines to itself, until mocks are restored. */
export const catchErrors = (): Errors => vi.spyOn(console, 'error').mockImplementation(() => {})

/** What the log says of this stash under this name. */
export const linesOf = (errors: Errors, { id }: Stash, at: string): Line[] =>
  errors.mock.calls
    .map(([text]) => JSON.parse(String(text)) as Line)
    .filter((line) => line.stash === id && line.at === at)

export async function healthOf(operator: Operator): Promise<z.infer<typeof stashHealth>> {
  const { status, body } = await operator.call('GET', '/health')
  expect(status).toBe(200)
  const health = stashHealth.parse(body)
  // Nothing that the document does not name.
  expect(health).toEqual(body)
  return health
}

export const ring = ({ id }: Stash): Promise<unknown> => runDurableObjectAlarm(objectOf({ id })).catch(() => 'died')

export const inside = <R>({ id }: Stash, act: (storage: DurableObjectStorage) => R | Promise<R>): Promise<R> =>
  runInDurableObject(objectOf({ id }), (_, { storage }) => act(storage))

/** A stash that has been published, with its clock at START. */
export async function quietStash(): Promise<{ stash: Stash; master: Operator }> {
  const made = await newOperator()
  await made.master.set('maintenance-mode', 'false')
  await pass(made.stash, 2_000)
  await pass(made.stash, 2_000)
  return made
}

/** Makes the ends of time-boxes unreadable, as a fault in storage or a bug would. */
export const breakReverts = (stash: Stash): Promise<unknown> =>
  inside(stash, ({ sql }) => void sql.exec(`UPDATE held SET change = 'x' || change WHERE kind = 'revert'`))
export const mendReverts = (stash: Stash): Promise<unknown> =>
  inside(stash, ({ sql }) => void sql.exec(`UPDATE held SET change = substr(change, 2) WHERE kind = 'revert'`))

/** Ends the object, as a limit of the platform would, when it writes the end of a time-box. */
export async function dieInReverts(stash: Stash): Promise<void> {
  await runInDurableObject(objectOf(stash), (_, state) => {
    const { sql } = state.storage
    const exec = sql.exec.bind(sql)
    sql.exec = (<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) => {
      if (query.includes('INSERT INTO log') && bindings.includes('revert')) state.abort('ended by a test')
      return exec<T>(query, ...bindings)
    }) as typeof sql.exec
  })
}
