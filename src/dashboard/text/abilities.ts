/** What a token may do, in words. */
import type { Ability } from '../api/answer-types.ts'

export const ABILITY_NAMES: Record<Ability, string> = {
  write: 'Change switches',
  approve: 'Approve what others ask for',
  guard: 'Set the rules of switches',
  freeze: 'Freeze changes',
  break_glass: 'Override a freeze',
  tokens: 'Create and revoke tokens',
}

export const ABILITIES = Object.keys(ABILITY_NAMES) as Ability[]

/** "Change switches, freeze changes". A later service may have abilities that this page does not know. */
export function describeAbilities(can: readonly string[]): string {
  const names: Record<string, string | undefined> = ABILITY_NAMES
  const text = can.map((ability) => (names[ability] ?? ability).toLowerCase()).join(', ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
