/** The fields of a new token: its name, what it may do, for which switches, and when it ends. */
import { useState } from 'preact/hooks'
import type { Ability } from '../../api/answer-types.ts'
import { Check, PLAIN_TEXT, SelectField, TextField } from '../../parts/fields/fields.tsx'
import { ABILITIES, ABILITY_NAMES } from '../../text/abilities.ts'
import { splitList } from '../../text/marks.ts'

const LIFETIMES: [value: string, text: string][] = [
  ['', 'Never'],
  ['8h', '8 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['90d', '90 days'],
]

type TokenSpec = { label: string; can: Ability[]; keys: string; expires: string }

/** As the service takes it. */
export const toSpecBody = ({ label, can, keys, expires }: TokenSpec): object => {
  const patterns = splitList(keys)
  return {
    label,
    can,
    keys: patterns.length > 0 ? patterns : ['*'],
    ...(expires !== '' && { expires_in: expires }),
  }
}

export function useTokenSpec(can: Ability[], keys = '*'): [TokenSpec, (changes: Partial<TokenSpec>) => void] {
  const [spec, setSpec] = useState<TokenSpec>({ label: '', can, keys, expires: '' })
  return [spec, (changes) => setSpec((before) => ({ ...before, ...changes }))]
}

type Props = {
  spec: TokenSpec
  change(changes: Partial<TokenSpec>): void
  label: string
  hint: string
  /** The abilities that are offered: no token gives more than it has. */
  offered?: readonly Ability[]
  /** What "Never" means for a token that is made by one that ends. */
  never?: string
}

export function TokenFields({ spec, change, label, hint, offered = ABILITIES, never = 'Never' }: Props) {
  const toggle = (ability: Ability, isChecked: boolean): void =>
    change({ can: isChecked ? [...spec.can, ability] : spec.can.filter((one) => one !== ability) })
  return (
    <>
      <TextField
        label={label}
        hint={hint}
        name="label"
        required
        maxLength={100}
        autocomplete="off"
        dir="auto"
        value={spec.label}
        onChange={(label) => change({ label })}
      />
      <fieldset class="checks">
        <legend>Allowed to</legend>
        {ABILITIES.filter((ability) => offered.includes(ability)).map((ability) => (
          <Check
            key={ability}
            name="can"
            label={ABILITY_NAMES[ability]}
            isChecked={spec.can.includes(ability)}
            onChange={(isChecked) => toggle(ability, isChecked)}
          />
        ))}
      </fieldset>
      <TextField
        label="For which switches"
        hint="Patterns, separated by commas: checkout.* for one service, * for every switch."
        name="keys"
        {...PLAIN_TEXT}
        value={spec.keys}
        onChange={(keys) => change({ keys })}
      />
      <SelectField
        label="Ends after"
        name="expires"
        options={LIFETIMES.map(([value, text]) => [value, value === '' ? never : text])}
        value={spec.expires}
        onChange={(expires) => change({ expires })}
      />
    </>
  )
}
