/**
 * Kills the runtime when this process ends, however it ends: workerd outlives a parent that is killed, and would keep the
 * port and the data folder in use.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'

let watchdog: ChildProcess | null = null

/** Starts a watchdog for the current runtime. To be called again after a restart, for the new one. */
export function watchRuntime(): void {
  watchdog?.kill('SIGKILL')
  const pids = getChildPids(process.pid).filter((pid) => pid !== watchdog?.pid)
  // `cat` ends when the pipe closes, and the pipe closes when this process ends. So nothing needs to poll.
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

function getChildPids(pid: number): number[] {
  return (
    tryReadPids(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')) ??
    tryReadPids(() => execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })) ??
    []
  )
}

function tryReadPids(read: () => string): number[] | null {
  try {
    return read().split(/\s+/).filter(Boolean).map(Number)
  } catch {
    return null
  }
}
