/**
 * Scripts for the shells' completion: `eval "$(switchyard completion bash)"`. They ask `switchyard __complete` for the
 * candidates, and never expand these: a word list that the shell expands (`compgen -W`) could run a command in it.
 */
import type { Command } from '../../command.ts'
import { EXIT, Misuse } from '../../exit.ts'

export const completion: Command = {
  usage: 'bash|zsh|fish',
  takes: [1, 1],
  examples: [
    ['eval "$(switchyard completion bash)"', 'in ~/.bashrc'],
    ['eval "$(switchyard completion zsh)"', 'in ~/.zshrc, after compinit'],
    ['switchyard completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  notes: 'It completes commands and options, and asks the service for flags, services, pending changes and labels.',
  async run({ args: [shell = ''] }, { print }) {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
    if (script === undefined) throw new Misuse('Usage: switchyard completion bash|zsh|fish')
    if (print.json) print.document({ shell, script })
    else print.lines(script)
    return EXIT.done
  },
}

// bash 3.2, which macOS has, knows neither `mapfile` nor `compopt`.
const BASH = `_switchyard() {
  COMPREPLY=()
  local line
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
    "\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null
  )
  case \${COMP_WORDS[1]} in apply | diff | follow) compopt -o default 2>/dev/null ;; esac
}
complete -F _switchyard switchyard`

const ZSH = `#compdef switchyard
_switchyard() {
  local -a found
  found=(\${(f)"$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)"})
  (( \${#found} )) && compadd -- "\${found[@]}"
  case \${words[2]} in apply | diff | follow) _files ;; esac
}
compdef _switchyard switchyard`

const FISH = `function __switchyard_complete
  set -l words (commandline -opc)
  set -l part (commandline -ct)
  test -n "$part"; or set part ''
  command $words[1] __complete -- $words[2..-1] $part 2>/dev/null </dev/null
end
complete -c switchyard -f -a '(__switchyard_complete)'
complete -c switchyard -n '__fish_seen_subcommand_from apply diff follow' -F`

const SCRIPTS: Record<string, string> = { bash: BASH, zsh: ZSH, fish: FISH }
