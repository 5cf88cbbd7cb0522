/** Chooses a length of time: one that is offered, or another one, as `90m`. */
import { useState } from 'preact/hooks'
import { PLAIN_TEXT, SelectField } from './fields.tsx'

type Props = {
  label: string
  hint: string | undefined
  name: string
  /** The lengths, and `''` for none. */
  options: (readonly [duration: string, text: string])[]
  value: string
  onChange(duration: string): void
}

export function DurationSelect({ options, value, onChange, name, ...rest }: Props) {
  const [isOther, setOther] = useState(value !== '' && !options.some(([duration]) => duration === value))
  return (
    <>
      <SelectField
        {...rest}
        name={name}
        options={[...options, ['other', 'Other…']]}
        value={isOther ? 'other' : value}
        onChange={(text) => {
          setOther(text === 'other')
          onChange(text === 'other' ? '' : text)
        }}
      />
      {isOther && (
        <input
          name="other"
          placeholder="90m"
          pattern="\d{1,9}[smhd]"
          required
          aria-label="How long exactly, such as 90m"
          {...PLAIN_TEXT}
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </>
  )
}
