/** Why a person makes a change, and why they override a freeze: two fields that most dialogs have, with what they hold. */
import { useState } from 'preact/hooks'
import type { RefusedError } from '../../../client/requests/errors.ts'
import type { Stash } from '../../state/stash.ts'
import { TextField } from './fields.tsx'

const FREE_TEXT = { maxLength: 500, autocomplete: 'off', dir: 'auto' } as const

/** `text`: undefined while nothing is written. */
export function useReason(isRequired = false) {
  const [text, setText] = useState('')
  return {
    text: text || undefined,
    field: (
      <TextField
        label={isRequired ? 'Reason (required)' : 'Reason'}
        hint="Shown in the history."
        name="reason"
        {...FREE_TEXT}
        required={isRequired}
        value={text}
        onChange={setText}
      />
    ),
  }
}

/** The field that overrides a freeze, where one stops this change and the token may override it. */
export function useOverride(stash: Stash, isFrozen: boolean) {
  const [text, setText] = useState('')
  const [wasStopped, setStopped] = useState(false)
  const isShown = (wasStopped || isFrozen) && stash.may('break_glass')
  return {
    headers: { 'Break-Glass': (isShown && text) || undefined },
    field: isShown && (
      <div class="override">
        <TextField
          label="Reason to override the freeze"
          hint="A freeze stops this change. Your token may override it, with a reason. It is logged."
          name="override"
          {...FREE_TEXT}
          required
          value={text}
          onChange={setText}
        />
      </div>
    ),
    /** The freeze may have begun after the dialog was opened. */
    refused({ code, facts }: RefusedError): null {
      if (code === 'frozen') setStopped(facts['may_break_glass'] === true)
      return null
    },
  }
}
