/**
 * `follow`: a process that tells other programs the flags: by a file, a command after each change, HAProxy's agent-check and
 * HTTP on this machine. It answers from the last known values during an outage of the service.
 */
import { LIST_MAX_PATTERNS, isPattern } from '../../../model/access/key-matcher.ts'
import type { Command } from '../../command.ts'
import { Misuse } from '../../exit.ts'
import { createEnvFormat } from '../../follow/format/env.ts'
import { createFlagdFormat } from '../../follow/format/flagd.ts'
import { toJson } from '../../follow/format/json.ts'
import { toNginxMap } from '../../follow/format/nginx-map.ts'
import { runFollower, type CreateFormat, type FollowerSpec } from '../../follow/run-follower.ts'
import { parseEndpoint } from '../../follow/serve/endpoint.ts'
import { parseDuration } from '../../input/duration.ts'
import type { Input } from '../../input/input.ts'

const LIMIT = '30s'
const KEYS_MAX = 1_000

export const follow: Command = {
  usage: '[--file <path>] [--agent-check <port>] [--listen <port>] [--exec <command> …]',
  takes: [0, 0],
  options: {
    file: { takes: '<path>', means: 'keep this file as the flags are; it is replaced as a whole' },
    format: { takes: '<format>', means: 'of the file: json (where nothing is said), env, nginx-map or flagd' },
    prefix: { takes: '<name>', means: 'of each name in the format env: SHOP_' },
    keys: { takes: '<a,b.*>', means: 'only these flags, by keys and patterns' },
    state: { takes: '<file>', means: 'keep the last known flags, for a start in an outage' },
    'agent-check': { takes: '<port>', means: "answer HAProxy's agent-check, by --flag" },
    flag: { takes: '<key>', means: 'what --agent-check tells: a switch, a state, a percentage or a split' },
    variant: { takes: '<name>', means: 'of a split: the name whose share is the weight' },
    listen: { takes: '<port>', means: 'answer /flags, /item/KEY, /gate/KEY and /healthz over HTTP' },
    timeout: { takes: '<30s>', means: 'after which --exec is killed, with its children' },
    exec: {
      takes: '<command> …',
      takesRest: true,
      means: 'run this at the start and after each change: all words that follow',
    },
  },
  examples: [
    ['switchyard follow --file /run/flags.json', 'a file for a program in any language'],
    ['switchyard follow --file /run/flags.env --format env --keys "shop.*"', "NAME='text', for sh and systemd"],
    ['switchyard follow --file flags.map --format nginx-map --exec nginx -s reload', 'for include in a map of nginx'],
    ['switchyard follow --agent-check 8790 --flag shop.maintenance-mode', "for HAProxy's agent-check"],
    ['switchyard follow --listen 8791 --state /var/lib/switchyard/flags', 'a local gate, which survives an outage'],
  ],
  notes:
    'It runs until SIGTERM or Ctrl-C, and keeps the last known values while the service is down. Time-boxes end by ' +
    'the clock. Ports are of this machine alone, unless a host is given: 0.0.0.0:8790. The command gets ' +
    'SWITCHYARD_REVISION and SWITCHYARD_FILE.',
  async run(input, { print, session }) {
    const spec = readSpec(input)
    return runFollower(spec, session().settings, print)
  },
}

function readSpec(input: Input): FollowerSpec {
  const { rest: words } = input
  const [file, agent, api] = ['file', 'agent-check', 'listen'].map((option) => input.text(option))
  const spec = {
    keys: readKeys(input.text('keys')),
    stateFile: input.text('state'),
    file: file === undefined ? undefined : { path: file, ...readFormat(input) },
    command: words === undefined ? undefined : { words: checkWords(words), limitMs: readLimit(input) },
    agent: agent === undefined ? undefined : { at: parseEndpoint('--agent-check', agent), ...readAgentFlag(input) },
    api: api === undefined ? undefined : parseEndpoint('--listen', api),
  }
  const { command } = spec
  if (file === undefined && command === undefined && agent === undefined && api === undefined)
    throw new Misuse(
      'follow takes at least one of --file, --agent-check, --listen and --exec. "switchyard help follow" shows examples.',
    )
  demand(input, ['format'], file !== undefined, '--file')
  demand(input, ['prefix'], input.text('format') === 'env', '--format env')
  demand(input, ['flag', 'variant'], agent !== undefined, '--agent-check')
  demand(input, ['timeout'], command !== undefined, '--exec')
  return spec
}

function demand(input: Input, options: string[], isFulfilled: boolean, other: string): void {
  for (const option of options)
    if (input.text(option) !== undefined && !isFulfilled) throw new Misuse(`--${option} goes with ${other}.`)
}

function readFormat(input: Input): Pick<NonNullable<FollowerSpec['file']>, 'createFormat' | 'asksService'> {
  const name = input.text('format') ?? 'json'
  const prefix = input.text('prefix') ?? ''
  if (!/^(?:[A-Za-z_][A-Za-z0-9_]{0,63})?$/.test(prefix))
    throw new Misuse(
      `--prefix takes the beginning of a name of a variable, such as SHOP_; "${prefix.slice(0, 60)}" is not one.`,
    )
  const formats: Record<string, CreateFormat> = {
    json: () => toJson,
    env: () => createEnvFormat(prefix),
    'nginx-map': () => toNginxMap,
    flagd: (fetchDocument) => createFlagdFormat((revision) => fetchDocument('/flagd.json', revision)),
  }
  const createFormat = Object.hasOwn(formats, name) ? formats[name] : undefined
  if (createFormat === undefined)
    throw new Misuse(`--format takes ${Object.keys(formats).join(', ')}; "${name.slice(0, 60)}" is not one.`)
  return { createFormat, asksService: name === 'flagd' }
}

function readKeys(text: string | undefined): string[] {
  const keys = text?.split(',').map((key) => key.trim()) ?? []
  const wrong = keys.find((key) => !/^[\w.*-]{1,128}$/.test(key))
  if (wrong !== undefined)
    throw new Misuse(`--keys takes keys and patterns, such as shop.*,ops.on-call; "${wrong.slice(0, 60)}" is neither.`)
  if (keys.length > KEYS_MAX || keys.filter(isPattern).length > LIST_MAX_PATTERNS)
    throw new Misuse(`--keys takes ${KEYS_MAX} entries, of which ${LIST_MAX_PATTERNS} may be patterns.`)
  return keys
}

function readAgentFlag(input: Input): { flag: string; variant: string | undefined } {
  const flag = input.text('flag')
  if (flag === undefined) throw new Misuse('--agent-check takes --flag <key>: the flag that it tells HAProxy.')
  if (!/^[\w.-]{1,128}$/.test(flag)) throw new Misuse(`--flag takes a key; "${flag.slice(0, 60)}" is not one.`)
  return { flag, variant: input.text('variant') }
}

function checkWords(words: string[]): string[] {
  const [program = ''] = words
  if (program.trim() === '') throw new Misuse('--exec takes a command.')
  if (words.length > 1 && /\s/.test(program))
    throw new Misuse(
      `All words after --exec are its command, so other options stand before it; "${program.slice(0, 60)}" is no program.`,
    )
  return words
}

const readLimit = (input: Input): number => parseDuration('--timeout', input.text('timeout') ?? LIMIT)
