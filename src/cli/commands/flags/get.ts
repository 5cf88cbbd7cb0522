/**
 * `get`: the value of one flag, or those of several, as anyone may read them. Scripts call it in loops, so for one flag it loads
 * nothing that it does not need.
 */
import { RefusedError } from '../../../client/requests/errors.ts'
import type { Command, Context } from '../../command.ts'
import { EXIT, type Exit } from '../../exit.ts'

export const get: Command = {
  usage: '<key or pattern> …',
  takes: [1, 100],
  examples: [
    ['switchyard get checkout.maintenance-mode', 'one value, to the byte'],
    ['switchyard get "checkout.*"', 'the flags of a service'],
  ],
  notes: 'Takes no token. A value goes into a pipe as it is, to the byte; a terminal obeys nothing in it.',
  async run({ args }, context) {
    const [key = ''] = args
    if (args.length === 1 && !key.includes('*')) return getOne(key, context)
    const { showFlags } = await import('./show-flags.ts')
    return showFlags(context, args, { demandAll: true })
  },
}

async function getOne(key: string, { print, session }: Context): Promise<Exit> {
  const stash = session()
  try {
    const { headers, body } = await stash.readItem(key)
    const version = Number((headers.get('ETag') ?? '').replaceAll(/[^0-9]/g, ''))
    const revision = Number(headers.get('Switchyard-Revision'))
    const source = headers.get('Switchyard-Source')
    const facts = { stash: stash.label, key, value: body, version, revision, source }
    print.data(facts, [key], () => print.raw(body))
    return EXIT.done
  } catch (fault) {
    if (!(fault instanceof RefusedError && fault.code === 'item_not_found')) throw fault
    const { noSuchFlag, readFlags } = await import('../../change/find-flags.ts')
    throw noSuchFlag(stash, key, (await readFlags(stash)).keys())
  }
}
