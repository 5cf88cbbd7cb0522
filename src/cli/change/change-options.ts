/** The options that changes have in common, as the service takes them. */
import { Misuse } from '../exit.ts'
import { formatDuration, parseDuration } from '../input/duration.ts'
import type { Input } from '../input/input.ts'
import { parseTime } from '../input/time.ts'

type Given = Record<string, string | undefined>

/** The query and headers of `--reason` and `--break-glass`. */
export function toReasonCall(input: Input): { query: Given; headers: Given } {
  const glass = input.text('break-glass')
  if (glass !== undefined && !/^[\x20-\x7e]+$/.test(glass)) {
    throw new Misuse('--break-glass goes in a header: letters, digits and signs of ASCII only.')
  }
  return { query: { reason: input.text('reason') }, headers: { 'Break-Glass': glass } }
}

/** The same with `--for` and `--at`, for changes of values. */
export function toChangeCall(input: Input): { query: Given; headers: Given } {
  const { query, headers } = toReasonCall(input)
  const at = input.text('at')
  const timing = { for: readFor(input), at: at === undefined ? undefined : parseTime('--at', at) }
  return { query: { ...query, ...timing }, headers }
}

/** The duration of `--for`, as the service takes it. */
function readFor(input: Input): string | undefined {
  const text = input.text('for')
  return text === undefined ? undefined : formatDuration(parseDuration('--for', text))
}
