/**
 * Whether it can be asked what the change would do. Without a reason to override a freeze, the answer says who froze and why.
 */
export const isFilledIn = (form: HTMLFormElement): boolean =>
  [...form.elements].every(
    (field) =>
      !(
        field instanceof HTMLInputElement ||
        field instanceof HTMLSelectElement ||
        field instanceof HTMLTextAreaElement
      ) ||
      field.name === 'override' ||
      field.validity.valid,
  )
