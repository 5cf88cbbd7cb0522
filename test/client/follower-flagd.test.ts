/**
 * The format flagd of the follower of both languages: the service's document, and what the clock changes in it while the
 * service is down.
 */
import { join } from 'node:path'
import { FlagdCore } from '@openfeature/flagd-core'
import { afterEach, describe, expect, it } from 'vitest'
import { FOLLOWERS, freshFolder, readIfAny, startFollower } from '../support/follower.ts'
import { operatorOf, type Operator } from '../support/operator.ts'
import { startRestartable, type Restartable } from '../support/restartable.ts'
import { newStash, send, url } from '../support/service.ts'
import { freshStash, sendTo } from '../support/stash.ts'

let service: Restartable | undefined
afterEach(async () => {
  await service?.end()
  service = undefined
})

const patient = { timeout: 30_000 }
const FORMAT = ['--format', 'flagd']

const evaluate = async (file: string): Promise<FlagdCore> => {
  const core = new FlagdCore()
  core.setConfigurations((await readIfAny(file)) ?? '{"flags": {}}')
  return core
}

/** The share of users of the variant. */
const shareOf = (core: FlagdCore, key: string, isIt: (core: FlagdCore, targetingKey: string) => boolean): number =>
  Array.from({ length: 2_000 }, (_, i) => isIt(core, `${key} ${i}`)).filter(Boolean).length / 2_000

describe.each(FOLLOWERS)('%s --format flagd', (language) => {
  it("keeps the service's document of the selected flags, also at a change of a guard", async () => {
    const stash = await newStash()
    const { call } = operatorOf(send, stash, stash.token)
    await stash.put('a.on', 'true')
    await stash.put('b', 'x')
    const file = join(await freshFolder(), 'flagd.json')
    const address = { url: `${url}/api`, stash: stash.id }
    const follower = await startFollower(language, address, '--file', file, ...FORMAT, '--keys', 'a.*')
    const read = async () => JSON.parse((await readIfAny(file)) ?? '{}') as { flags?: object }
    await expect
      .poll(async () => (await read()).flags, patient)
      .toMatchObject({ 'a.on': { defaultVariant: 'default' } })
    await call('PUT', '/guards/a.on', { type: 'boolean' })
    await expect.poll(async () => (await read()).flags, patient).toMatchObject({ 'a.on': { defaultVariant: 'on' } })
    await stash.put('a.on', 'false')
    await expect.poll(async () => (await read()).flags, patient).toMatchObject({ 'a.on': { defaultVariant: 'off' } })
    const { flags, ...document } = (await call('GET', '/flagd.json')).body as { flags: Record<string, unknown> }
    expect(await read()).toEqual({ ...document, flags: { 'a.on': flags['a.on'] } })
    expect(await follower.end()).toBe(0)
  })

  it('ends time-boxes of each type by the clock while the service is down', async () => {
    service = await startRestartable()
    const sendThere = sendTo(service.origin)
    const stash = await freshStash(sendThere)
    const master: Operator = operatorOf(sendThere, stash, stash.token)
    const flags: [key: string, guard: object, usual: string, boxed: string][] = [
      ['on', { type: 'boolean' }, 'false', 'true'],
      ['share', { type: 'percentage' }, '20', '100'],
      ['none', { type: 'percentage' }, '0', '50'],
      ['split', { type: 'split' }, '{"a": 1, "b": 3}', '{"a": 1}'],
      ['route', { type: 'choice', choices: ['blue', 'green'] }, 'blue', 'green'],
      ['limit', { type: 'number' }, '10', '20'],
      ['word', { type: 'text' }, 'usual', 'boxed'],
      ['object', { type: 'json' }, '{"x": 1}', '{"x": 2}'],
    ]
    for (const [key, guard, usual] of flags) {
      await master.set(key, usual)
      expect((await master.call('PUT', `/guards/${key}`, guard)).status, key).toBe(200)
    }
    const file = join(await freshFolder(), 'flagd.json')
    const address = { url: `${service.origin}/api`, stash: stash.id }
    const follower = await startFollower(language, address, '--file', file, ...FORMAT)
    const check = (core: FlagdCore) => {
      const user = { targetingKey: 'user' }
      return {
        on: core.resolveBooleanEvaluation('on', false, user).value,
        share: shareOf(
          core,
          'share',
          (of, targetingKey) => of.resolveBooleanEvaluation('share', false, { targetingKey }).value,
        ),
        none: shareOf(
          core,
          'none',
          (of, targetingKey) => of.resolveBooleanEvaluation('none', false, { targetingKey }).value,
        ),
        split: shareOf(
          core,
          'split',
          (of, targetingKey) => of.resolveStringEvaluation('split', '', { targetingKey }).value === 'a',
        ),
        route: core.resolveStringEvaluation('route', '', user).value,
        limit: core.resolveNumberEvaluation('limit', 0, user).value,
        word: core.resolveStringEvaluation('word', '', user).value,
        object: core.resolveObjectEvaluation('object', {}, user).value,
      }
    }
    await expect.poll(async () => check(await evaluate(file)), patient).toMatchObject({ word: 'usual' })
    const usual = check(await evaluate(file))
    expect(usual).toMatchObject({ on: false, none: 0, route: 'blue', limit: 10, object: { x: 1 } })
    const boxes = Object.fromEntries(flags.map(([key, , , boxed]) => [key, boxed]))
    await master.call('PATCH', '/flags?for=12s', boxes)
    const boxed = { on: true, share: 1, split: 1, route: 'green', limit: 20, word: 'boxed', object: { x: 2 } }
    await expect.poll(async () => check(await evaluate(file)), patient).toMatchObject(boxed)
    await service.stop()
    // The same users have the same shares as before.
    await expect.poll(async () => check(await evaluate(file)), patient).toEqual(usual)
    expect(await follower.end()).toBe(0)
  }, 90_000)
})
