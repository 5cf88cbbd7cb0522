/** Asks before something is deleted in this browser only. It sends no request. */
import { openDialog } from './dialogs.tsx'
import { PlainDialog } from './plain-dialog.tsx'

type Question = {
  title: string
  text: string
  /** The text of the button that does it. */
  action: string
  act(): void
}

export function confirmHere({ title, text, action, act }: Question): void {
  openDialog((close) => (
    <PlainDialog
      label={title}
      close={close}
      actions={
        <>
          <button type="button" class="secondary" onClick={close}>
            Cancel
          </button>
          <button
            type="button"
            class="danger"
            onClick={() => {
              close()
              act()
            }}
          >
            {action}
          </button>
        </>
      }
    >
      <div class="stack">
        <h2>{title}</h2>
        <p>{text}</p>
      </div>
    </PlainDialog>
  ))
}
