/** Parses the options of the command. */
import { parseArgs } from 'node:util'
import { PROBE_LINES, type ProbeLine } from '../world/constants.ts'
import type { Options as SubjectOptions } from './subject.ts'

export type Options = SubjectOptions & { url: URL; isJson: boolean; lines: ProbeLine[] }

export const USAGE = `npm run probe -- <url> [options]

Measures what only a deployment on Cloudflare can say, at the URL of a service, and which constants of the simulated world it
replaces. At most 200 requests a second, at most two minutes. It creates stashes of its own and deletes them.

  --json           prints JSON
  --lines a,b      only these lines: ${PROBE_LINES.join(', ')}
  --stash ID       uses this stash, creates none, and deletes its flags afterwards

In the environment: ADMIN_TOKEN, where creating a stash takes it; SWITCHYARD_TOKEN, the token of --stash.`

/** Returns null for --help. Throws where the options make no sense. */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options | null {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      json: { type: 'boolean' },
      lines: { type: 'string' },
      stash: { type: 'string' },
    },
  })
  if (values.help === true) return null
  const [address, ...more] = positionals
  const url = address !== undefined && URL.canParse(address) ? new URL(address) : null
  if (url === null || more.length > 0 || !/^https?:$/.test(url.protocol))
    throw new Error('it takes one URL, such as https://flags.example.com')
  const names = values.lines?.split(',') ?? PROBE_LINES
  const lines = PROBE_LINES.filter((line) => names.includes(line))
  const wrong = names.find((name) => !lines.some((line) => line === name))
  if (wrong !== undefined) throw new Error(`--lines: ${wrong} is none of ${PROBE_LINES.join(', ')}`)
  const token = env['SWITCHYARD_TOKEN']
  if (values.stash !== undefined && !token) throw new Error('--stash takes its token in SWITCHYARD_TOKEN')
  const existing = values.stash === undefined || !token ? null : { id: values.stash, token }
  return { url, isJson: values.json === true, lines, existing, adminToken: env['ADMIN_TOKEN'] || null }
}
