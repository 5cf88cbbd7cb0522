/** `npm start`: the service on this machine, and what to try first. PORT and HOST move it; SWITCHYARD_DATA says where it keeps its data. */
import { join, resolve } from 'node:path'
import { bundle, serve } from './serve.ts'

const root = join(import.meta.dirname, '../..')
const port = Number(process.env['PORT'] ?? 8787)
const host = process.env['HOST'] ?? '127.0.0.1'
const persistTo = resolve(process.env['SWITCHYARD_DATA'] ?? join(root, '.switchyard'))
const { ADMIN_TOKEN, OPEN_CREATION, READ_MODE } = process.env

const entry = await bundle(join(root, 'dist'))
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

console.log(`
Switchyard is up on ${url.origin}, keeping its data in ${persistTo}

Try first:
  curl -X POST ${url.origin}/api/stash
  curl -X PUT -H "Authorization: Bearer $TOKEN" -d true ${url.origin}/api/item/$STASH/maintenance-mode
  curl ${url.origin}/api/item/$STASH/maintenance-mode
where STASH and TOKEN are the stash_id and master_token that the first one answers.

Ctrl-C stops it.`)
