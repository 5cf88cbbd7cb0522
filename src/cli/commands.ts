/** The commands by name, with a line for `help`. A command's own file says the rest. */
import type { Command } from './command.ts'

type Entry = { summary: string; load: () => Promise<Command> }

export const COMMANDS: Record<string, Entry> = {
  init: {
    summary: 'create a stash, and keep its token in a profile',
    load: async () => (await import('./commands/access/init.ts')).init,
  },
  status: {
    summary: 'every flag, who changed it last, what is held or frozen',
    load: async () => (await import('./commands/flags/status.ts')).status,
  },
  get: { summary: 'read a flag', load: async () => (await import('./commands/flags/get.ts')).get },
  set: { summary: 'write a flag', load: async () => (await import('./commands/flags/set.ts')).set },
  unset: { summary: 'take a flag away', load: async () => (await import('./commands/flags/delete.ts')).unset },
  maintenance: {
    summary: 'maintenance on or off',
    load: async () => (await import('./commands/shortcuts/maintenance.ts')).maintenance,
  },
  'on-call': {
    summary: 'say who is on call',
    load: async () => (await import('./commands/shortcuts/on-call.ts')).onCall,
  },
  route: {
    summary: 'send traffic to a target',
    load: async () => (await import('./commands/shortcuts/route.ts')).route,
  },
  watch: {
    summary: 'see each change as it happens, until Ctrl-C',
    load: async () => (await import('./commands/flags/watch.ts')).watch,
  },
  history: {
    summary: 'who changed what, when and why',
    load: async () => (await import('./commands/flags/history.ts')).history,
  },
  undo: { summary: 'take a revision back', load: async () => (await import('./commands/flags/undo.ts')).undo },
  approve: {
    summary: 'list what waits, or be the second person',
    load: async () => (await import('./commands/held/approve.ts')).approve,
  },
  drop: { summary: 'decline or cancel what waits', load: async () => (await import('./commands/held/drop.ts')).drop },
  freeze: { summary: 'let nothing change', load: async () => (await import('./commands/rules/freeze.ts')).freeze },
  unfreeze: { summary: 'end the freeze', load: async () => (await import('./commands/rules/unfreeze.ts')).unfreeze },
  link: {
    summary: 'make a one-time link that writes a value',
    load: async () => (await import('./commands/held/link.ts')).link,
  },
  guard: {
    summary: 'the rules that values must satisfy',
    load: async () => (await import('./commands/rules/guard.ts')).guard,
  },
  token: { summary: 'who else may act here', load: async () => (await import('./commands/access/token.ts')).token },
  export: {
    summary: 'flags and guards as a file',
    load: async () => (await import('./commands/files/export.ts')).exportFlags,
  },
  diff: {
    summary: 'what a file says otherwise than the stash',
    load: async () => (await import('./commands/files/diff.ts')).diff,
  },
  apply: {
    summary: 'write a file of flags, as one revision',
    load: async () => (await import('./commands/files/apply.ts')).apply,
  },
  completion: {
    summary: 'completion for bash, zsh or fish',
    load: async () => (await import('./commands/help/completion.ts')).completion,
  },
  help: {
    summary: 'this, or how a command is called',
    load: async () => (await import('./commands/help/help.ts')).help,
  },
}

/** The known name nearest to what was typed, where one is near enough to have been meant. */
export function suggestFor(typed: string): string | undefined {
  const near = Object.keys(COMMANDS)
    .map((name) => ({ name, far: name.startsWith(typed) && typed.length > 1 ? 0 : distance(typed, name) }))
    .sort((a, b) => a.far - b.far)[0]
  return near !== undefined && near.far <= Math.max(1, Math.floor(typed.length / 3)) ? near.name : undefined
}

/** Levenshtein's: how many letters must be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
