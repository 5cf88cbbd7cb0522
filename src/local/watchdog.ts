/**
 * Ends the runtime when this process dies, however it dies: workerd outlives a parent that is killed, and
 * would keep the port and the data for itself.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'

let watchdog: ChildProcess | null = null

/** Watches over the runtime that runs now. Called again after a restart, for the new one. */
export function watchRuntime(): void {
  watchdog?.kill('SIGKILL')
  const pids = childrenOf(process.pid).filter((pid) => pid !== watchdog?.pid)
  // The pipe closes when this process is gone, and not before: nothing polls.
  watchdog = spawn('sh', ['-c', 'cat > /dev/null; kill -9 "$@" 2> /dev/null', 'sh', ...pids.map(String)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.unref()
  watchdog.on('error', () => {})
}

export function dismissWatchdog(): void {
  watchdog?.kill('SIGKILL')
  watchdog = null
}

function childrenOf(pid: number): number[] {
  return (
    list(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')) ??
    list(() => execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })) ??
    []
  )
}

function list(read: () => string): number[] | null {
  try {
    return read().split(/\s+/).filter(Boolean).map(Number)
  } catch {
    return null
  }
}
