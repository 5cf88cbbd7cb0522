/** The commands by name, in the groups in which `help` lists them. A command's own file says the rest. */
import type { Command } from './command.ts'

type Entry = { summary: string; aliases?: string[]; load: () => Promise<Command> }

export const GROUPS: Record<string, Record<string, Entry>> = {
  Operate: {
    status: {
      summary: 'what is not normal, by service; --all: of every profile',
      load: async () => (await import('./commands/flags/status.ts')).status,
    },
    maintenance: {
      summary: 'put services into maintenance, or show which are',
      load: async () => (await import('./commands/shortcuts/maintenance.ts')).maintenance,
    },
    'on-call': {
      summary: 'set who is on call, or show it',
      load: async () => (await import('./commands/shortcuts/on-call.ts')).onCall,
    },
    route: {
      summary: 'send traffic to a target, or show where it goes',
      load: async () => (await import('./commands/shortcuts/route.ts')).route,
    },
    watch: {
      summary: 'each change as it happens, until Ctrl-C',
      load: async () => (await import('./commands/flags/watch.ts')).watch,
    },
    follow: {
      summary: 'keep a file, a command or a load balancer as the flags are',
      load: async () => (await import('./commands/files/follow.ts')).follow,
    },
    open: {
      summary: 'open the dashboard in the browser',
      load: async () => (await import('./commands/access/open.ts')).open,
    },
  },
  Flags: {
    get: { summary: 'read flags', load: async () => (await import('./commands/flags/get.ts')).get },
    list: {
      summary: 'list flags with their values',
      aliases: ['ls'],
      load: async () => (await import('./commands/flags/list.ts')).list,
    },
    set: { summary: 'write flags', load: async () => (await import('./commands/flags/set.ts')).set },
    delete: {
      summary: 'delete flags',
      aliases: ['unset', 'rm'],
      load: async () => (await import('./commands/flags/delete.ts')).deleteFlags,
    },
    history: {
      summary: 'who changed what, when and why',
      load: async () => (await import('./commands/flags/history.ts')).history,
    },
    undo: { summary: 'undo a revision', load: async () => (await import('./commands/flags/undo.ts')).undo },
  },
  'Two people, and safeguards': {
    held: {
      summary: 'pending changes, those that need a person first',
      load: async () => (await import('./commands/held/held.ts')).held,
    },
    approve: {
      summary: 'approve a change as the second person',
      load: async () => (await import('./commands/held/approve.ts')).approve,
    },
    drop: {
      summary: 'decline or cancel a pending change',
      load: async () => (await import('./commands/held/drop.ts')).drop,
    },
    link: {
      summary: 'make a one-time link that writes a value',
      load: async () => (await import('./commands/held/link.ts')).link,
    },
    freeze: {
      summary: 'allow no changes for a time',
      load: async () => (await import('./commands/rules/freeze.ts')).freeze,
    },
    unfreeze: {
      summary: 'end a freeze',
      aliases: ['thaw'],
      load: async () => (await import('./commands/rules/unfreeze.ts')).unfreeze,
    },
    guard: {
      summary: 'the rules that values must satisfy',
      load: async () => (await import('./commands/rules/guard.ts')).guard,
    },
  },
  'Flags in git': {
    export: {
      summary: 'flags and guards as a file',
      load: async () => (await import('./commands/files/export.ts')).exportFlags,
    },
    diff: {
      summary: 'compare a file with the stash',
      load: async () => (await import('./commands/files/diff.ts')).diff,
    },
    apply: {
      summary: 'write a file of flags, as one revision',
      load: async () => (await import('./commands/files/apply.ts')).apply,
    },
  },
  'Access and profiles': {
    init: {
      summary: 'create a stash, and keep its token in a profile',
      load: async () => (await import('./commands/access/init.ts')).init,
    },
    login: {
      summary: 'keep a token for a stash that exists in a profile',
      load: async () => (await import('./commands/access/login.ts')).login,
    },
    logout: {
      summary: 'delete the token from a profile',
      load: async () => (await import('./commands/access/logout.ts')).logout,
    },
    whoami: {
      summary: 'who the token is, and what it may',
      load: async () => (await import('./commands/access/whoami.ts')).whoami,
    },
    use: { summary: 'choose the current profile', load: async () => (await import('./commands/access/use.ts')).use },
    profiles: {
      summary: 'list, protect and delete profiles',
      load: async () => (await import('./commands/access/profiles.ts')).profiles,
    },
    token: {
      summary: 'who else has access to the stash',
      load: async () => (await import('./commands/access/token.ts')).token,
    },
  },
  'The command line itself': {
    completion: {
      summary: 'completion for bash, zsh or fish',
      load: async () => (await import('./commands/help/completion.ts')).completion,
    },
    help: {
      summary: 'this, or how a command is called',
      load: async () => (await import('./commands/help/help.ts')).help,
    },
  },
}

/** `help` does not list these. */
const UNLISTED: Record<string, Entry> = {
  version: {
    summary: 'the version of the command line',
    load: async () => (await import('./commands/help/version.ts')).version,
  },
}

const LISTED = new Map(Object.values(GROUPS).flatMap((group) => Object.entries(group)))
const ENTRIES = new Map([...LISTED, ...Object.entries(UNLISTED)])
const ALIASES = new Map([...LISTED].flatMap(([name, { aliases = [] }]) => aliases.map((alias) => [alias, name])))

/** @param name of a command, or one of its aliases */
export const findCommand = (name: string): Entry | undefined => ENTRIES.get(ALIASES.get(name) ?? name)

export const listCommandNames = (): string[] => [...LISTED.keys(), ...ALIASES.keys()]
