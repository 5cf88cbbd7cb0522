/**
 * `npm start`: runs the service on this machine and prints first commands to try. PORT, HOST and SWITCHYARD_DATA (its folder)
 * configure it; ADMIN_TOKEN, OPEN_CREATION and READ_MODE are passed to the Worker.
 */
import { join, resolve } from 'node:path'
import { getBundle } from './bundle-cache.ts'
import { isLoopback, prepareDataFolder, findListenProblem } from './preflight.ts'
import { serve } from './serve.ts'

const root = join(import.meta.dirname, '../..')
const port = Number(process.env['PORT'] ?? 8787)
const host = process.env['HOST'] ?? '127.0.0.1'
const persistTo = resolve(process.env['SWITCHYARD_DATA'] ?? join(root, '.switchyard'))
const { ADMIN_TOKEN, OPEN_CREATION, READ_MODE } = process.env

const problem = await findListenProblem(host, port)
if (problem !== null) {
  console.error(problem)
  process.exit(1)
}
await prepareDataFolder(persistTo).catch((error: NodeJS.ErrnoException) => {
  console.error(
    `SWITCHYARD_DATA=${persistTo} cannot be used as a data folder (${String(error.code)}). Name another one.`,
  )
  process.exit(1)
})
const entry = await getBundle(join(root, 'dist/local'))
const { url } = await serve(entry, {
  host,
  port,
  persistTo,
  bindings: {
    ...(ADMIN_TOKEN && { ADMIN_TOKEN }),
    ...(OPEN_CREATION && { OPEN_CREATION }),
    ...(READ_MODE && { READ_MODE }),
  },
})

const NETWORK_NOTICE = `
HOST=${host}: others on the network can reach it. They make stashes with ADMIN_TOKEN, and without it only where OPEN_CREATION is "yes".
`

console.log(`
Switchyard is up on ${url.origin}, keeping its data in ${persistTo}
${isLoopback(host) ? '' : NETWORK_NOTICE}
Dashboard: ${url.origin}/
Docs:      ${url.origin}/docs

Try first:
  curl -X POST ${ADMIN_TOKEN ? '-H "Authorization: Bearer $ADMIN_TOKEN" ' : ''}${url.origin}/api/stash
  curl -X PUT -H "Authorization: Bearer $TOKEN" -d true ${url.origin}/api/item/$STASH/maintenance-mode
  curl ${url.origin}/api/item/$STASH/maintenance-mode
where STASH and TOKEN are the stash_id and master_token that the first one answers.

Ctrl-C stops it.`)
