/**
 * `open`: prints the address of the dashboard, and opens it in the browser. The browser is started without a shell, so that
 * nothing in the address can be a command, and detached, so that it does not keep this process.
 */
import { readFlags, noSuchFlag } from '../../change/find-flags.ts'
import type { Command } from '../../command.ts'
import type { Environment } from '../../config/environment.ts'
import { readProfile } from '../../config/profile-file.ts'
import { toDashboardUrl } from '../../config/stash-address.ts'
import { encodeKey, type Session } from '../../api/session.ts'
import { EXIT } from '../../exit.ts'

// As in `start.mjs`.
const { spawn } = process.getBuiltinModule('node:child_process')

export const open: Command = {
  usage: '[<key>]',
  takes: [0, 1],
  options: { print: { means: 'only print the address' } },
  examples: [
    ['switchyard open', 'the dashboard of the stash'],
    ['switchyard open checkout.maintenance-mode', 'one flag'],
    ['switchyard open --print', 'the address, for a message'],
  ],
  notes: 'BROWSER names the browser. Where there is none, the address is only printed.',
  async run(input, { print, env, session }) {
    const stash = session()
    const [key] = input.args
    if (key !== undefined) await checkKey(stash, key)
    const { url, stash: address, profile } = stash.settings
    const slug = profile === undefined ? undefined : readProfile(profile, env)?.profile.slug
    const page = `${toDashboardUrl(url)}#/s/${slug ?? address}${key === undefined ? '' : `/f/${encodeKey(key)}`}`
    print.data({ stash: stash.label, url: page }, [page], () => print.line(page))
    const browser = input.isSet('print') ? null : findBrowser(env, page)
    if (browser !== null && !(await start(browser)))
      print.say(`${stash.label}: the browser could not be started (${browser[0]}). The address is above.`)
    return EXIT.done
  },
}

/** A mistyped key would open an empty page. While the service is away, the address is still worth printing. */
async function checkKey(stash: Session, key: string): Promise<void> {
  let known: Map<string, string>
  try {
    known = await readFlags(stash)
  } catch {
    return
  }
  if (!known.has(key)) throw noSuchFlag(stash, key, known.keys())
}

type Words = [command: string, ...args: string[]]

/** Null: there is none, or nothing to show it on. */
function findBrowser(env: Environment, page: string): Words | null {
  const [command, ...args] = (env['BROWSER'] ?? '').split(/\s+/).filter((word) => word !== '')
  if (command !== undefined) {
    if (command === 'none') return null
    const isPlaced = args.some((word) => word.includes('%s'))
    return [command, ...args.map((word) => word.replaceAll('%s', () => page)), ...(isPlaced ? [] : [page])]
  }
  if (process.platform === 'darwin') return ['open', page]
  // Not `start`: that is a command of the shell, which would read the `&` of an address.
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', page]
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open', page] : null
}

function start([command, ...args]: Words): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { detached: true, stdio: 'ignore', shell: false })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}
