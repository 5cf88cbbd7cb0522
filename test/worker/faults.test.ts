import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, faults } from '../support/faults.ts'
import { newStash, send } from '../support/front-door.ts'

afterEach(clearFaults)

describe('a write whose object fails', () => {
  it('reports that it may have been applied, and how to proceed safely', async () => {
    const stash = await newStash()
    faults.object = async (_, call) => {
      await call()
      throw new Error('lost the connection /secret/path')
    }
    const failed = await stash.put('a', '1')
    expect(failed.status).toBe(500)
    const problem = await failed.text()
    expect(JSON.parse(problem)).toMatchObject({
      code: 'internal',
      applied: 'unknown',
      request_id: failed.headers.get('Request-Id'),
    })
    expect(problem).toContain('Idempotency-Key')
    expect(problem).not.toContain('secret')
    clearFaults()
    expect(await stash.read('a')).toBe('1')
  })
  it('reports that nothing was changed if the object was overloaded', async () => {
    const stash = await newStash()
    faults.object = () => Promise.reject(Object.assign(new Error('overloaded'), { overloaded: true }))
    const failed = await stash.put('a', '1')
    expect(failed.status).toBe(503)
    expect(failed.headers.get('Retry-After')).toBe('1')
    expect(await failed.json()).toMatchObject({ code: 'overloaded', applied: 'no' })
  })
})

describe('a read', () => {
  it('is answered from KV while the object is unreachable, and from the object while KV is unreachable', async () => {
    const stash = await newStash()
    await stash.put('a', '1')
    faults.kvGet = () => Promise.reject(new Error('KV is down'))
    const read = await send(`/item/${stash.id}/a`)
    expect(await read.text()).toBe('1')
    expect(read.headers.get('Switchyard-Source')).toMatch(/^object; vouched; /)
  })
  it('is answered 503, and never empty, if the stash is unreachable', async () => {
    const stash = await newStash()
    faults.kvGet = () => Promise.reject(new Error('KV is down'))
    faults.object = () => Promise.reject(new Error('the object is down'))
    const read = await send(`/item/${stash.id}/a`)
    expect(read.status).toBe(503)
    expect(read.headers.get('Retry-After')).toBe('1')
    expect(await read.json()).toMatchObject({ code: 'unreachable' })
  })
})
