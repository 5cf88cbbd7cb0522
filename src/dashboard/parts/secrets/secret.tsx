/** A token or a link in the dialog that made it: shown once, with buttons to copy it and to save it as a file. */
import { useRef } from 'preact/hooks'
import { CopyButton } from './copy-button.tsx'
import { download } from './download.ts'

type Props = { label: string; secret: string; hint: string; file?: string }

export function Secret({ label, secret, hint, file }: Props) {
  const shown = useRef<HTMLElement>(null)
  return (
    <div class="once">
      <p>{hint}</p>
      <p class="label">{label}</p>
      <code class="secret" tabindex={0} ref={shown}>
        {secret}
      </code>
      <div class="actions start">
        <CopyButton text={secret} shown={shown} />
        {file !== undefined && (
          <button type="button" class="secondary" onClick={() => download(file, `${secret}\n`)}>
            Save as a file
          </button>
        )}
      </div>
    </div>
  )
}
