/** Checks the address and creates the data folder of `npm start`, because the errors of the runtime explain less. */
import { once } from 'node:events'
import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'

/** The reason why the service cannot listen at this address, as a sentence; null if it can. */
export async function findListenProblem(host: string, port: number): Promise<string | null> {
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

/** The folders that the runtime creates in the data folder. */
const RUNTIME_FOLDERS = new Set(['cache', 'do', 'kv', 'ratelimit'])

/**
 * Creates the data folder with access for this account only: it holds every value and who changed it. Access to an existing
 * folder is restricted only if this account owns it and it holds only the runtime's folders: others may use any other folder.
 */
export async function prepareDataFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = await stat(folder)
  if ((mode & 0o077) === 0 || uid !== process.getuid?.()) return
  if ((await readdir(folder)).every((name) => RUNTIME_FOLDERS.has(name))) await chmod(folder, 0o700)
}
