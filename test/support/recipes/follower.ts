/** Runs `switchyard follow` as a guide shows it. */
import { LAUNCHER } from '../cli.ts'
import { adapt } from './blocks.ts'
import { startProgram, type Program } from './programs.ts'
import type { Site } from './site.ts'

/** @param command of the guide @param shownPort its port there @param port its port here */
export function startFollower(site: Site, command: string, shownPort: string, port: number): Promise<Program> {
  const adapted = adapt(command, [
    [` ${shownPort} `, ` ${port} `],
    ['/var/lib/switchyard', site.folder],
  ])
  return startProgram(LAUNCHER, adapted.split(' ').slice(1), port, {
    HOME: site.folder,
    XDG_CONFIG_HOME: site.folder,
    SWITCHYARD_URL: `${site.service.origin}/api`,
    SWITCHYARD_STASH: site.stash.id,
  })
}
