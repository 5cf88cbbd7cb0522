/** Loads the second module of the page (later.ts), and shows its pages and opens its dialogs. */
import { signal } from '@preact/signals'
import { h, type ComponentType } from 'preact'
import type * as LaterModule from '../later.ts'
import { notify } from '../state/signals.ts'

type Later = typeof LaterModule

const loaded = signal<Later | 'failed' | null>(null)
let loading: Promise<Later> | null = null

/** Tries again if it failed before, for example because the network was away. */
export function loadLater(): Promise<Later> {
  loading ??= import('../later.ts').then(
    (module) => (loaded.value = module),
    (error: unknown) => {
      loading = null
      loaded.value = 'failed'
      throw error
    },
  )
  return loading
}

/** Calls `act` with the module: at once where it is there already. */
export function withLater(act: (later: Later) => void): void {
  const { value } = loaded
  if (value !== null && value !== 'failed') return act(value)
  const run = (): void => void loadLater().then(act, () => notify(FAILED, { label: 'Try again', run }))
  run()
}

const FAILED = 'A part of this page could not be loaded. Check the connection, or reload the page.'

type PageName = { [Name in keyof Later]: Name extends `${string}Page` ? Name : never }[keyof Later]
/** `{}` for a page without properties. */
type PropsOf<Name extends PageName> = Parameters<Later[Name]> extends [infer Props] ? Props & object : object

/** A page of the second module. */
export function LaterPage<Name extends PageName>({ name, props }: { name: Name; props: PropsOf<Name> }) {
  const { value } = loaded
  if (value === null) {
    void loadLater().catch(() => {})
    return <p class="empty">Loading…</p>
  }
  if (value === 'failed')
    return (
      <div class="empty" role="alert">
        <p>{FAILED}</p>
        <button type="button" class="secondary" onClick={() => void loadLater().catch(() => {})}>
          Try again
        </button>
      </div>
    )
  // The name and the properties belong to each other, which TypeScript cannot follow through an index.
  const page = value[name] as unknown as ComponentType<object>
  return h(page, props)
}
