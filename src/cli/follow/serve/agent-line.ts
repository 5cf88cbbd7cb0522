/**
 * The line of HAProxy's agent-check for the text of a flag. HAProxy keeps what an earlier line said until a later one says
 * otherwise, so a weight comes with `ready`, which ends a drain or a maintenance, and `ready` of a text with a weight of
 * 100%. A line that is a comment changes nothing: HAProxy keeps the server as it is.
 */
import { parseShares } from '../../../model/evaluation/shares.ts'

/** `maint` while a switch for maintenance is on; the switch says nothing about the weight. */
const WORDS: Record<string, string> = {
  true: 'maint',
  false: 'up ready',
  ready: 'up ready 100%',
  drain: 'drain',
  maint: 'maint',
}

/**
 * @param text of the flag; null: there is none, or no flags are known yet
 * @param variant the name whose weight in a split counts
 */
export function toAgentLine(text: string | null, variant: string | undefined): string {
  if (text === null) return '# no such flag'
  if (variant !== undefined) {
    const share = getSharePercent(text, variant)
    return share === undefined ? '# not a split with this variant' : toWeight(share)
  }
  const word = text.trim()
  if (Object.hasOwn(WORDS, word)) return WORDS[word] ?? ''
  const percent = /^\d{1,3}(?:\.\d{1,6})?(?=%?$)/.exec(word)?.[0]
  return percent !== undefined && Number(percent) <= 100 ? toWeight(Number(percent)) : '# not a state or a weight'
}

/** In whole percent. A part of one percent is not rounded to nothing, which would take the server out. */
const toWeight = (percent: number): string => `up ready ${percent > 0 ? Math.max(1, Math.round(percent)) : 0}%`

function getSharePercent(text: string, variant: string): number | undefined {
  if (parseShares(text, 'split') === undefined) return undefined
  // `parseShares` has checked that it is an object of numbers.
  const weights = JSON.parse(text) as Record<string, number>
  if (!Object.hasOwn(weights, variant)) return undefined
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  return ((weights[variant] ?? 0) / total) * 100
}
