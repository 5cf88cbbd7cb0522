/** `switchyard.sh`, and the shells of this machine that can run it. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { LAUNCHER, runCommand, type Cli, type Ended } from './cli.ts'

export const SCRIPT = join(LAUNCHER, '../switchyard.sh')

/** /bin/sh, whatever that is here, and each other shell that is at hand. */
export const SHELLS = ['sh', 'dash', 'bash'].filter((shell) => {
  try {
    execFileSync(shell, ['-c', 'true'])
    return true
  } catch {
    return false
  }
})

/** Runs `switchyard.sh <args>` in the shell. */
export const runScript = (shell: string, { env }: Cli, ...args: string[]): Promise<Ended> =>
  runCommand(shell, [SCRIPT, ...args], env)

/** The headers of an answer to a change. */
export const CHANGED = { 'Content-Type': 'application/json' }
