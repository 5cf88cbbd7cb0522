/** `delete`, also called `unset`. A service reads then that the flag does not exist, not that it is empty. */
import { RefusedError } from '../../../client/requests/errors.ts'
import { toChangeCall } from '../../change/change-options.ts'
import { noSuchFlag, readFlags, selectKeys } from '../../change/find-flags.ts'
import { performChange, type Change } from '../../change/perform-change.ts'
import { TIMED, type Command } from '../../command.ts'
import { showValue } from '../../output/print.ts'

/** The most values in a question. */
const LISTED_MAX = 20

export const deleteFlags: Command = {
  usage: '<key> …',
  takes: [1, 200],
  options: TIMED,
  examples: [
    ['switchyard delete checkout.old-banner', 'one flag; asks first'],
    ['switchyard delete "retired.*" --yes', 'every flag of a service, as one revision'],
  ],
  notes: 'It asks first. Services that read a deleted flag use their default. "undo" restores it.',
  async run(input, { print, session }) {
    const stash = session()
    const flags = await readFlags(stash)
    const keys = selectKeys(stash, input.args, flags.keys())
    const [only = ''] = keys
    const values = keys.slice(0, LISTED_MAX).map((key) => `${key} is ${showValue(flags.get(key) ?? '')}`)
    const more = keys.length > LISTED_MAX ? ` and ${keys.length - LISTED_MAX} more` : ''
    const call = toChangeCall(input)
    const change: Change = {
      ...(keys.length === 1
        ? { method: 'DELETE', path: stash.itemPath(only), call }
        : {
            method: 'PATCH',
            path: stash.path('/flags'),
            call: { ...call, body: Object.fromEntries(keys.map((key) => [key, null])) },
          }),
      action: `Delete ${keys.length === 1 ? only : `${keys.length} flags`}`,
      consequence: `${values.join(', ')}${more}. Deleted, services read their default instead.`,
      done: () => `${keys.join(', ')} ${keys.length === 1 ? 'is' : 'are'} deleted`,
    }
    try {
      return await performChange(print, stash, input, change)
    } catch (fault) {
      // It was deleted meanwhile.
      if (fault instanceof RefusedError && fault.code === 'item_not_found') throw noSuchFlag(stash, only, [], 'change')
      throw fault
    }
  },
}
