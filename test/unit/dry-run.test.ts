/** The parts of a dry run: the rollback, what an object of another version answers, and the response. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { applyDryRun } from '../../src/http/request/dry-run.ts'
import { isDryRun, parseDryRun } from '../../src/http/request/parse.ts'
import { dryRunResponse } from '../../src/http/response/dry-run.ts'
import { logWrite } from '../../src/http/log.ts'
import type { Applied, Command } from '../../src/model/intent.ts'
import { ok, refuse, type Refusal } from '../../src/model/refusal.ts'
import { rollBack } from '../../src/stash/write/roll-back.ts'
import { dryRun } from '../../src/wire/change.ts'
import { makeTables } from '../support/tables.ts'

beforeEach(() => void vi.spyOn(console, 'log').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

describe('rollBack', () => {
  const makeCounter = () => {
    const sql = makeTables()
    sql.exec('CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (1);')
    const count = () => (sql.exec('UPDATE counter SET n = n + 1'), sql.rows('SELECT n FROM counter'))
    return { sql, count }
  }
  it('returns the result of the change, and undoes it', () => {
    const { sql, count } = makeCounter()
    expect(rollBack(sql, count)).toEqual([{ n: 2 }])
    expect(sql.rows('SELECT n FROM counter')).toEqual([{ n: 1 }])
  })
  it('passes on what the change throws', () => {
    const { sql, count } = makeCounter()
    const fail = (): never => {
      count()
      throw new RangeError('no')
    }
    expect(() => rollBack(sql, fail)).toThrow(RangeError)
    expect(sql.rows('SELECT n FROM counter')).toEqual([{ n: 1 }])
  })
  it('passes on what a failed rollback throws, in place of the result', () => {
    const storage = {
      transactionSync: (change: () => never): never => {
        try {
          return change()
        } catch {
          throw new Error('the disk is gone')
        }
      },
    }
    expect(() => rollBack(storage, () => 1)).toThrow('the disk is gone')
  })
})

describe('applyDryRun', () => {
  const put = { kind: 'put' as const, key: 'a', value: 'x', type: 'text/plain' }
  const file = { kind: 'import' as const, items: [], guards: [], replace: false }
  const token = { kind: 'token' as const, hash: 'h' }
  const ask = (
    answer: () => ReturnType<typeof ok<Applied>> | { ok: false; refusal: Refusal },
    rest?: Partial<Command>,
  ) => {
    const sent: Command[] = []
    const stub = { apply: async (command: Command) => (sent.push(command), answer()) }
    return applyDryRun(stub, { credential: token, intent: put, ...rest }).then((result) => ({ result, sent }))
  }
  const applied = (more: Partial<Applied> = {}) => ok<Applied>({ revision: 1, changed: ['a'], preview: [], ...more })
  const unreachable = refuse({ code: 'unreachable' })

  it('asks for a dry run, and returns its answer', async () => {
    const { result, sent } = await ask(() => applied({ does: null }))
    expect(result).toEqual(applied({ does: null }))
    expect(sent).toMatchObject([{ dryRun: true }])
  })
  it('takes from an object of the version before only the answer about an import, and adds what it does', async () => {
    expect((await ask(() => applied())).result).toEqual(unreachable)
    const imported = async (more: Partial<Applied> = {}) => (await ask(() => applied(more), { intent: file })).result
    expect(await imported()).toEqual(applied({ does: 'import' }))
    expect(await imported({ changed: [] })).toEqual(applied({ changed: [], does: null }))
    const held = { id: 'h', expires_at: null }
    expect(await imported({ held })).toEqual(applied({ held, does: null }))
  })
  it('removes from the refusal of an anonymous caller what the version before has in it', async () => {
    const refusal = { code: 'guard_mismatch' as const, key: 'a', issues: [], guard: { type: 'number' as const } }
    for (const credential of [{ kind: 'none' }, { kind: 'link', hash: 'h' }] as const) {
      expect((await ask(() => refuse(refusal), { credential })).result).toEqual(refuse({ ...refusal, guard: null }))
    }
    expect((await ask(() => refuse(refusal))).result).toEqual(refuse(refusal))
  })
  it('is refused as unreachable where the object throws, and logs that', async () => {
    const failed = await ask(() => {
      throw new TypeError('not a plan')
    })
    expect(failed.result).toEqual(unreachable)
    expect(vi.mocked(console.log).mock.calls.flat().join()).toContain('not a plan')
    const overloaded = Object.assign(new Error('busy'), { overloaded: true })
    await expect(ask(() => Promise.reject(overloaded) as never)).rejects.toBe(overloaded)
  })
})

describe('parseDryRun', () => {
  it.each<[string, boolean | null]>([
    ['', false],
    ['?a=1', false],
    ['?dry_run=0', false],
    ['?a=1&dry_run=1', true],
    ['?dry%5Frun=1', true],
    ['?dry_run', null],
    ['?dry_run=true', null],
    ['?dry_run=1&dry_run=1', null],
  ])('reads %j as %j', (query, expected) => {
    const url = `https://flags.test/${query}`
    const parsed = parseDryRun(url)
    expect(parsed.ok ? parsed.value : null).toBe(expected)
    expect(isDryRun(new Request(url))).toBe(expected === true)
  })
})

describe('dryRunResponse', () => {
  const read = async (applied: Partial<Applied>, kind: Parameters<typeof dryRunResponse>[1] = 'put') =>
    dryRun.strict().parse(await dryRunResponse({ revision: 3, changed: [], ...applied }, kind).json())
  it.each([
    ['Nothing would change', {}, 'patch'],
    ['Nothing has changed. The request would be accepted', {}, 'delete_stash'],
    ['Nothing has changed. The request would be accepted', { does: 'freeze' }, 'freeze'],
    ['Nothing has changed. The request would be accepted', { held: { id: 'h', expires_at: 1 } }, 'import'],
  ] as const)('says %j of %j, for %s', async (message, applied, kind) => {
    expect((await read(applied, kind)).message).toBe(message)
  })
  it('has the times of a held and of a time-boxed change, where there are any', async () => {
    const held = { id: 'h', waitsFor: 'time' as const, expires_at: null, dueAt: 0 }
    const body = await read({ held, does: null })
    expect(body).toMatchObject({ waits_for: 'time', due_at: '1970-01-01T00:00:00.000Z' })
    expect(body).not.toHaveProperty('expires_at')
    const boxed = await read({ reverts: { heldId: 'revert-4', at: 0 }, does: 'put' })
    expect(boxed).toMatchObject({ reverts_at: '1970-01-01T00:00:00.000Z' })
    expect(boxed).not.toHaveProperty('ends')
  })
  it('lists the time-boxes that would still end, also if there are none, and whether there are more', async () => {
    expect(await read({ pending: { ends: [], isWhole: true }, does: 'freeze' })).toMatchObject({ ends: [] })
    const ends = [{ heldId: 'revert-1', key: 'a', at: 0, goesBackTo: null }]
    expect(await read({ pending: { ends, isWhole: false }, does: 'freeze' })).toMatchObject({
      ends: [{ held_id: 'revert-1', key: 'a', goes_back_to: null }],
      ends_truncated: true,
    })
  })
})

describe('the log line of a dry run', () => {
  it('says that it is one', () => {
    for (const query of ['?dry_run=1', '']) {
      logWrite(new Request(`https://flags.test/stash${query}`, { method: 'POST' }), new Response(), 'id', 1)
    }
    const lines = vi.mocked(console.log).mock.calls.map(([line]) => JSON.parse(String(line)) as object)
    expect(lines).toMatchObject([{ dry_run: true }, { status: 200 }])
    expect(lines[1]).not.toHaveProperty('dry_run')
  })
})
