/**
 * Starts the service with several Workers over the same objects and the same KV, each on a port of its own: as isolates in several places.
 * `PORTS` has the ports, separated by commas. See `Service`.
 */
import { join } from 'node:path'
import { bundle, serve } from '../../src/local/serve.ts'

const { PORTS = '', SWITCHYARD_DATA: persistTo = '', ...env } = process.env
const [port = 0, ...others] = PORTS.split(',').map(Number)
const entry = await bundle(join(persistTo, '../crowd'), { script: 'test/histories/crowd-worker.ts' })
const names = ['WATCHERS_PER_OBJECT', 'WATCHERS_BEFORE_HUBS', 'CONFIRMATIONS_PER_SECOND', 'READ_MODE']
const settings = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))
const { url } = await serve(entry, {
  host: '127.0.0.1',
  port,
  persistTo,
  bindings: Object.fromEntries(settings) as Record<string, string>,
  otherWorkers: others,
})
console.log(`Switchyard is up on ${url.origin}, and on the ports ${others.join(', ')}`)
