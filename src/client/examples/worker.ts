// A Worker that asks Switchyard by a service binding. Its wrangler.toml has:
//
//   [[services]]
//   binding = "FLAGS"
//   service = "switchyard"
//   entrypoint = "Flags"
import type { FlagsBinding } from 'switchyard-flags/client'

type Env = { FLAGS: FlagsBinding; STASH: string }

export default {
  async fetch(request: Request, { FLAGS, STASH }: Env): Promise<Response> {
    if (await isInMaintenance(FLAGS, STASH)) return new Response('We are back soon.', { status: 503 })
    const user = new URL(request.url).searchParams.get('user') ?? ''
    const search = await FLAGS.evaluate(STASH, 'checkout.new-search', { targetingKey: user })
    return new Response(search.ok && search.value === true ? 'new search' : 'old search')
  },
}

/** The shop stays open where the flag is missing or cannot be read. */
async function isInMaintenance(flags: FlagsBinding, stash: string): Promise<boolean> {
  try {
    const flag = await flags.get(stash, 'checkout.maintenance-mode')
    if (!flag.ok) console.warn(`switchyard: ${flag.error}: ${flag.message}`)
    return flag.ok && flag.value === 'true'
  } catch (fault) {
    console.warn(`switchyard: the binding failed: ${String(fault)}`)
    return false
  }
}
