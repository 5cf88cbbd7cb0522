/** The fields of forms: each control has a label, and a hint that screen readers connect with it. */
import { cloneElement, type ComponentChildren, type VNode } from 'preact'
import { useId } from 'preact/hooks'

type FieldProps = { label: ComponentChildren; hint?: ComponentChildren | undefined; children: VNode }

export function Field({ label, hint, children }: FieldProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {cloneElement(children, { id, ...(hint !== undefined && { 'aria-describedby': `${id}-hint` }) })}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}

/** The attributes of an input for a text that no browser should correct or complete. */
export const PLAIN_TEXT = { autocomplete: 'off', autocapitalize: 'none', spellcheck: false } as const

type LabelProps = Pick<FieldProps, 'label' | 'hint'>

/** The attributes of a control for a text. */
type TextProps = LabelProps & {
  name?: string
  type?: 'datetime-local' | 'number' | 'password' | 'search' | 'text' | 'url'
  list?: string
  required?: boolean
  autocomplete?: 'name' | 'off'
  autocapitalize?: 'none'
  spellcheck?: boolean
  dir?: 'auto'
  inputMode?: 'decimal'
  maxLength?: number
  min?: number | string | undefined
  max?: number | undefined
  step?: number | string
  pattern?: string
  placeholder?: string
  title?: string
  value: string
  onChange(text: string): void
}

export function TextField({ label, hint, onChange, type = 'text', ...rest }: TextProps) {
  // The typings of preact want one type of input at a time: each has other attributes.
  return (
    <Field label={label} hint={hint}>
      <input {...rest} type={type as 'text'} onInput={(event) => onChange(event.currentTarget.value)} />
    </Field>
  )
}

/** For a token: it is shown as dots, and no browser keeps it. */
export const SecretField = (props: TextProps) => (
  <TextField type="password" autocomplete="off" spellcheck={false} {...props} />
)

type AreaProps = Omit<TextProps, 'type' | 'list' | 'min' | 'max' | 'step' | 'pattern' | 'inputMode'> & { rows: number }

export function TextArea({ label, hint, onChange, ...rest }: AreaProps) {
  return (
    <Field label={label} hint={hint}>
      <textarea dir="auto" {...rest} onInput={(event) => onChange(event.currentTarget.value)} />
    </Field>
  )
}

type SelectProps = LabelProps & {
  name: string
  required?: boolean
  value: string
  options: readonly (readonly [value: string, text: string])[]
  onChange(value: string): void
}

export function SelectField({ label, hint, options, onChange, ...rest }: SelectProps) {
  return (
    <Field label={label} hint={hint}>
      <select {...rest} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  )
}

type ChoiceProps<T extends string> = {
  legend: string
  name: string
  options: readonly (readonly [value: T, text: ComponentChildren])[]
  value: T | ''
  onChange(value: T): void
}

/** A few choices beside each other. */
export function Segments<T extends string>({ legend, name, options, value, onChange }: ChoiceProps<T>) {
  const id = useId()
  return (
    <fieldset class="segments">
      <legend>{legend}</legend>
      {options.map(([option, text]) => (
        <>
          <input
            key={option}
            type="radio"
            id={`${id}-${option}`}
            name={name}
            value={option}
            required
            checked={value === option}
            onChange={() => onChange(option)}
          />
          <label for={`${id}-${option}`}>{text}</label>
        </>
      ))}
    </fieldset>
  )
}

type CheckProps = { label: ComponentChildren; isChecked: boolean; onChange(isChecked: boolean): void; name?: string }

export function Check({ label, isChecked, onChange, name }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        checked={isChecked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  )
}
