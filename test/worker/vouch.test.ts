/** The object's confirmation of a copy: the changes since it, and its lease. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { applyChanges } from '../../src/model/snapshot/snapshot-changes.ts'
import { parseSnapshot, type Snapshot } from '../../src/model/snapshot/snapshot.ts'
import { toVouchReply, type KnownCopy, type VouchReply } from '../../src/model/snapshot/vouch.ts'
import { getObject, newOperator } from '../support/front-door.ts'
import type { Operator } from '../support/operator.ts'
import type { Stash } from '../support/stash.ts'

async function readCopy(stash: Stash): Promise<Snapshot> {
  const copy = parseSnapshot((await getObject(stash).snapshot()) ?? '', stash.id)
  if (copy === null) throw new Error('the object gave no snapshot')
  return copy
}

async function vouch(stash: Stash, { revision, chain }: KnownCopy): Promise<VouchReply> {
  const { head, leaseMs, changes } = toVouchReply(await getObject(stash).vouch({ revision, chain }))
  return { head, leaseMs, changes }
}

/** Two snapshots of one state differ in the time at which they were composed. */
const withoutTime = (copy: Snapshot) => ({ ...copy, publishedAt: 0 })

/** One of everything that changes what readers see. */
const CHANGES: ((master: Operator, stash: Stash) => Promise<unknown>)[] = [
  (master) => master.set('checkout.on-call', 'alice'),
  (master) => master.call('PATCH', '/flags', { 'a.first': '1', 'm.middle': '2', 'z.last': '3' }),
  (master) =>
    master.call('PUT', '/guards/m.middle', { type: 'number', safe_value: '2', about: { text: 'the middle' } }),
  (master) => master.set('m.middle', '5', 'for=30m'),
  (master) => master.call('PUT', '/guards/not.there', { type: 'boolean', about: { text: 'no flag yet' } }),
  (master) => master.call('PUT', '/guards/m.middle', { type: 'number', safe_value: '5', about: { text: 'another' } }),
  (master) => master.set('m.middle', '7', 'for=1h'),
  (master) => master.call('PUT', '/freeze', { keys: ['a.*'], reason: 'a' }),
  (master) => master.call('PATCH', '', { name: 'renamed', description: 'and described' }),
  (master) => master.call('DELETE', '/freeze?keys=a.*'),
  (master) => master.call('PATCH', '/flags', { 'a.first': null, 'b.second': 'new' }),
  (master) => master.call('DELETE', '/guards/m.middle'),
  async (master) => {
    const [end] = await master.held()
    return master.call('DELETE', `/held/${end?.held_id}`)
  },
  (master) => master.call('DELETE', '/guards/not.there'),
  (master) => master.call('POST', '/undo', { revision: 2 }),
]

describe('the changes since a copy', () => {
  it('lead from each earlier copy to the same flags, ends, descriptions and facts as the whole snapshot', async () => {
    const { stash, master } = await newOperator({ name: 'shop' })
    const copies = [await readCopy(stash)]
    for (const change of CHANGES) {
      await change(master, stash)
      const whole = await readCopy(stash)
      for (const copy of copies) {
        if (copy.revision === whole.revision) continue
        const { head, changes } = await vouch(stash, copy)
        expect(head).toBe(whole.revision)
        const after = applyChanges(copy, changes ?? '')
        expect(after && withoutTime(after), `${copy.revision} to ${head}`).toEqual(withoutTime(whole))
        expect([...(after?.flags.keys() ?? [])]).toEqual([...whole.flags.keys()])
        expect([...(after?.descriptions.keys() ?? [])]).toEqual([...whole.descriptions.keys()])
      }
      copies.push(whole)
    }
    expect(copies.at(-1)?.revision).toBeGreaterThan(10)
  })

  it('are absent for the present revision, for an unknown one, and for a copy of another history', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    const copy = await readCopy(stash)
    expect(await vouch(stash, copy)).toEqual({ head: 1, leaseMs: 1_000, changes: null })
    await master.set('a', '2')
    expect((await vouch(stash, copy)).changes).not.toBeNull()
    expect(await vouch(stash, { ...copy, chain: '0123456789abcdef' })).toMatchObject({ head: 2, changes: null })
    expect(await vouch(stash, { ...copy, chain: null })).toMatchObject({ head: 2, changes: null })
    expect(await vouch(stash, { revision: 9, chain: null })).toMatchObject({ head: 2, changes: null })
    expect(toVouchReply(await getObject(stash).vouch(null))).toEqual({ head: 2, leaseMs: 1_000, changes: null })
  })

  it('are absent where they are large, and then the reader gets the snapshot', async () => {
    const { stash, master } = await newOperator()
    await master.set('small', '1')
    const copy = await readCopy(stash)
    await master.set('large', 'x'.repeat(20_000))
    expect(await vouch(stash, copy)).toMatchObject({ head: 2, changes: null })
    expect(await stash.read('large')).toBe('x'.repeat(20_000))
    const next = await readCopy(stash)
    const flags = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`many.${i}`, 'x']))
    await master.call('PATCH', '/flags', flags)
    expect(await vouch(stash, next)).toMatchObject({ head: 3, changes: null })
  })

  it('are some hundred bytes for one flag of a stash of a megabyte', async () => {
    const { stash, master } = await newOperator()
    for (let i = 0; i < 16; i++) await master.set(`big.${i}`, 'x'.repeat(60_000))
    const copy = await readCopy(stash)
    await master.set('checkout.maintenance-mode', 'true')
    const { changes } = await vouch(stash, copy)
    expect(changes?.length).toBeLessThan(700)
  })
})

describe('a reader of the version before', () => {
  it('says nothing of what it knows, and gets the bare revision', async () => {
    const { stash, master } = await newOperator()
    await master.set('a', '1')
    expect(await getObject(stash).vouch()).toBe(1)
    const none = env.STASH.get(env.STASH.newUniqueId())
    expect(await none.vouch()).toBe(-1)
    expect(toVouchReply(await none.vouch(null))).toMatchObject({ head: -1 })
  })
})

describe('a lease', () => {
  it('grows with the number of readers that ask', async () => {
    const { stash } = await newOperator()
    const leases = await runInDurableObject(getObject(stash), async (object) => {
      const asked: number[] = []
      for (let i = 0; i < 1_500; i++) asked.push(toVouchReply(await object.vouch(null)).leaseMs)
      return asked
    })
    expect(leases[0]).toBe(1_000)
    // A copy in KV says it, so that isolates that are new after a deploy do not ask all at once.
    const inKv = async () => env.SNAPSHOTS.get<{ revision: number; lease_ms?: number }>(stash.id, 'json')
    await stash.put('a', '1')
    await expect.poll(async () => (await inKv())?.revision).toBe(1)
    expect((await inKv())?.lease_ms).toBe(leases.at(-1))
    expect(leases.at(-1)).toBeGreaterThan(4_000)
    expect(leases.at(-1)).toBeLessThan(7_000)
  })
})
