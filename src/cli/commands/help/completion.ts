/** Scripts for the shells' completion, made from the table of commands: `eval "$(switchyard completion bash)"`. */
import { optionsOf } from '../../input/arguments.ts'
import type { Command } from '../../command.ts'
import { GROUPS } from '../../commands.ts'
import { EXIT, Misuse } from '../../exit.ts'

const WORDS: Record<string, string[]> = {
  maintenance: ['on', 'off'],
  freeze: ['off'],
  guard: ['list', 'get', 'set', 'delete'],
  token: ['list', 'create', 'revoke', 'rotate'],
  completion: ['bash', 'zsh', 'fish'],
}

type Known = { name: string; summary: string; words: string[] }

export const completion: Command = {
  usage: 'bash|zsh|fish',
  takes: [1, 1],
  examples: [['eval "$(switchyard completion bash)"', 'in ~/.bashrc']],
  notes: 'bash, zsh: eval "$(switchyard completion bash)". fish: switchyard completion fish | source',
  async run({ args: [shell = ''] }, { print }) {
    const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
    if (write === undefined) throw new Misuse('Usage: switchyard completion bash|zsh|fish')
    const known: Known[] = []
    for (const [name, { summary, load }] of Object.values(GROUPS).flatMap((group) => Object.entries(group))) {
      const options = Object.keys(optionsOf(await load())).map((option) => `--${option}`)
      known.push({ name, summary, words: [...(WORDS[name] ?? []), ...options] })
    }
    if (print.json) print.document({ shell, script: write(known) })
    else print.lines(write(known))
    return EXIT.done
  },
}

const namesOf = (known: Known[]): string => known.map(({ name }) => name).join(' ')
const casesOf = (known: Known[]): string =>
  known.map(({ name, words }) => `    ${name}) words='${words.join(' ')}' ;;`).join('\n')

const writeBash = (known: Known[]): string => `_switchyard() {
  local words='' typed=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then words='${namesOf(known)}'
  else case \${COMP_WORDS[1]} in
${casesOf(known)}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$typed"))
}
complete -o default -F _switchyard switchyard`

const writeZsh = (known: Known[]): string => `#compdef switchyard
_switchyard() {
  local words=''
  if (( CURRENT == 2 )); then
    local -a commands=(${known.map(({ name, summary }) => `'${name}:${withoutQuotes(summary)}'`).join(' ')})
    _describe command commands
    return
  fi
  case \${(Q)\${(z)BUFFER}[2]} in
${casesOf(known)}
  esac
  compadd -- \${=words}
  _files
}
compdef _switchyard switchyard`

const writeFish = (known: Known[]): string =>
  known
    .flatMap(({ name, summary, words }) => [
      `complete -c switchyard -n __fish_use_subcommand -a ${name} -d '${withoutQuotes(summary)}'`,
      ...words.map((word) => {
        const offered = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`
        return `complete -c switchyard -n '__fish_seen_subcommand_from ${name}' ${offered}`
      }),
    ])
    .join('\n')

const withoutQuotes = (text: string): string => text.replaceAll("'", '')

const SHELLS: Record<string, (known: Known[]) => string> = { bash: writeBash, zsh: writeZsh, fish: writeFish }
