import { newOperator } from './front-door.ts'
import type { Operator } from './operator.ts'
import type { Stash } from './stash.ts'

/** Creates a stash with one flag, `maintenance`, which is `true` for eight seconds and `false` afterwards. */
export async function createTimeBoxedFlag(): Promise<{ stash: Stash; master: Operator }> {
  const { stash, master } = await newOperator()
  await master.set('maintenance', 'false')
  await master.set('maintenance', 'true', 'for=8s')
  return { stash, master }
}
