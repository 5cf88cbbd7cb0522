import { newOperator } from './front-door.ts'
import type { Operator } from './operator.ts'
import type { Stash } from './stash.ts'

/** A flag that is `false`, and `true` for eight seconds. */
export async function boxed(): Promise<{ stash: Stash; master: Operator }> {
  const { stash, master } = await newOperator()
  await master.set('maintenance', 'false')
  await master.set('maintenance', 'true', 'for=8s')
  return { stash, master }
}
