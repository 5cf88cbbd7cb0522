/**
 * `NAME='text'` lines, which `sh` sources and systemd reads as an EnvironmentFile. Both get the exact text: in single quotes
 * all characters stand for themselves, line ends too. A quote and a backslash stand in double quotes, since `'\''` is read
 * differently by systemd, and so is a backslash in single quotes by its older versions.
 */
import { describeFlag, findClash, hasNoTextForm, refuse, type Format } from './format.ts'

/** @param prefix what each name begins with */
export const createEnvFormat =
  (prefix: string): Format =>
  (flags) => {
    const toName = (key: string): string => toEnvName(prefix, key)
    const clash = findClash(flags, toName)
    if (clash !== undefined) {
      const [one, other, name] = clash
      return refuse(`the flags ${one} and ${other} would both be ${name}; rename one, or leave one out with --keys`)
    }
    const lines: string[] = []
    for (const [key, text] of flags) {
      const name = toName(key)
      if (prefix === '' && RESERVED.test(name))
        return refuse(`the flag ${key} would set ${name}, which decides what programs run; give names a --prefix`)
      if (hasNoTextForm(text)) return refuse(`${describeFlag(key, text)}, which no environment can hold`)
      lines.push(`${name}=${quoteText(text)}\n`)
    }
    return { text: lines.join('') }
  }

/** `checkout.maintenance-mode` is `CHECKOUT_MAINTENANCE_MODE`. A name cannot begin with a digit. */
export const toEnvName = (prefix: string, key: string): string =>
  (prefix + key)
    .toUpperCase()
    .replaceAll(/[.-]/g, '_')
    .replace(/^(?=\d)/, '_')

const quoteText = (text: string): string => `'${text.replaceAll(/['\\]/g, (c) => QUOTED[c] ?? c)}'`

/** The end of the single quotes, the character in double quotes, and single quotes again. */
const QUOTED: Record<string, string> = { "'": `'"'"'`, '\\': `'"\\\\"'` }

/** Who may write a flag must not decide what a shell, a loader or an interpreter runs. */
const RESERVED = new RegExp(
  `^(?:${[
    'PATH|IFS|ENV|HOME|SHELL|SHELLOPTS|BASHOPTS|BASH_.*|PS[0-9]|PROMPT_COMMAND|PPID|UID|EUID',
    'LD_.*|DYLD_.*|GCONV_PATH|LOCPATH|NODE_.*|PYTHON.*|PERL.*|RUBY.*|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|GIT_.*',
  ].join('|')})$`,
)
