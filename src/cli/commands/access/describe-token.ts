/** Describes tokens in words: what one may do, with which flags, and until when. */
import type { OwnToken } from '../../api/answer-types.ts'
import { formatTime } from '../../output/time-text.ts'

type Facts = Pick<OwnToken, 'label' | 'master' | 'can' | 'keys' | 'expires_at'>

const WORDS: Record<string, string> = { tokens: 'grant tokens', break_glass: 'break the glass' }

/** `may write and approve checkout.*`, `may write and grant tokens, for every flag`, `may do everything`. */
export function describeAbilities({ master, can, keys }: Pick<Facts, 'master' | 'can' | 'keys'>): string {
  if (master) return 'may do everything'
  const words = can.map((ability) => WORDS[ability] ?? ability)
  const listed = words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`
  const isPlain = can.every((ability) => WORDS[ability] === undefined)
  return `may ${listed}${isPlain ? '' : ', for'} ${keys.includes('*') ? 'every flag' : keys.join(', ')}`
}

/** `you are bob: may write and approve checkout.*, until 03:08 (in 30 min)`. */
export function describeOwn(own: Facts): string {
  const who = own.master ? 'this is the master token' : `you are ${own.label}`
  const end = own.expires_at === null ? '' : `, until ${formatTime(own.expires_at)}`
  return `${who}: ${describeAbilities(own)}${end}`
}

/** The label by which a profile remembers its token. */
export const toLabel = ({ master, label }: Pick<Facts, 'master' | 'label'>): string => (master ? 'master' : label)
