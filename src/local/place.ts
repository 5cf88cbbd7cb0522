/** Where `npm start` listens and keeps its data: tried and made before the runtime starts, which says less of what is wrong. */
import { once } from 'node:events'
import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'

/** Why the service cannot listen there, in a sentence; null where it can. */
export async function whyNotListen(host: string, port: number): Promise<string | null> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return 'PORT takes a number from 0 to 65535.'
  const probe = createServer().listen({ host, port })
  try {
    await once(probe, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const other = `Try another one: PORT=${port === 8788 ? 8789 : 8788} npm start`
    if (code === 'EADDRINUSE') return `Port ${port} of ${host} is taken. ${other}`
    if (code === 'EACCES') return `Port ${port} of ${host} may not be used by this account. ${other}`
    return `HOST=${host} is no address of this machine (${String(code)}).`
  }
  probe.close()
  await once(probe, 'close')
  return null
}

export const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/.test(host)

/** What the runtime makes in its folder. */
const KEPT = new Set(['cache', 'do', 'kv', 'ratelimit'])

/**
 * Makes the folder, for this account alone: it holds every value and who changed it. One that exists is closed to others as
 * well, if it is ours and holds nothing else: it might be a home, or a folder that all share.
 */
export async function openData(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = await stat(folder)
  if ((mode & 0o077) === 0 || uid !== process.getuid?.()) return
  if ((await readdir(folder)).every((name) => KEPT.has(name))) await chmod(folder, 0o700)
}
