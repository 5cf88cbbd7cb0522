/** A stash with a flag of every type, and functions that evaluate the flags over OFREP. */
import { newOperator, send } from './front-door.ts'
import type { Operator } from './operator.ts'

export const FLAGS = 'ofrep/v1/evaluate/flags'

/** Creates a stash with a flag of every type. */
export async function createStashWithAllTypes() {
  const { stash, master } = await newOperator()
  const guarded: [string, object, string][] = [
    ['maintenance', { type: 'boolean' }, 'true'],
    ['limit', { type: 'number' }, '7.5'],
    ['theme', { type: 'json' }, '{"dark":true}'],
    ['absent', { type: 'json' }, 'null'],
    ['cluster', { type: 'choice', choices: ['eu', 'us'] }, 'eu'],
    ['rollout', { type: 'percentage' }, '50'],
    ['everybody', { type: 'percentage' }, '100'],
    ['experiment', { type: 'split' }, '{"blue":90,"green":10}'],
  ]
  for (const [key, guard, value] of guarded) {
    await master.call('PUT', `/guards/${key}`, guard)
    await master.set(key, value)
  }
  await master.set('plain', 'true')
  const ask = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    send(`/stash/${stash.id}/${path}`, {
      method: 'POST',
      headers,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return { stash, master, ask, evaluate: (key: string, body?: unknown) => ask(`${FLAGS}/${key}`, body) }
}

export const context = (targetingKey: string) => ({ context: { targetingKey } })

/** Sets a guard and a value. The old guard is removed first, because the new value may violate it. */
export async function setTo(master: Operator, guard: object, key: string, value: string): Promise<void> {
  await master.call('DELETE', `/guards/${key}`)
  await master.set(key, value)
  const { status, body } = await master.call('PUT', `/guards/${key}`, guard)
  if (status !== 200) throw new Error(`PUT /guards answered ${JSON.stringify(body)}`)
}
