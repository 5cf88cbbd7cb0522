/** The dialog that makes a one-time link for a change, and shows it once. */
import { ChangeDialog } from '../parts/change-dialog.tsx'
import { openDialog } from '../parts/dialogs.tsx'
import { Secret } from '../parts/secrets/secret.tsx'
import type { Stash } from '../state/stash.ts'
import type { LinkCreated } from '../api/answer-types.ts'
import { brief } from '../text/marks.ts'
import { clock, durationText } from '../text/words.ts'
import { useRequests } from './use-requests.ts'

/** @param duration '': with no end */
type LinkSpec = { key: string; value: string; duration: string; reason: string | undefined }

/** @param findType gives the media type of the value */
export function openLink(stash: Stash, spec: LinkSpec, findType: () => Promise<string>): void {
  openDialog((close) => <MakeLink stash={stash} spec={spec} findType={findType} close={close} />)
}

type Props = { stash: Stash; spec: LinkSpec; findType(): Promise<string>; close(): void }

function MakeLink({ stash, spec: { key, value, duration, reason }, findType, close }: Props) {
  const what = `${key} to ${brief(value)}${duration === '' ? '' : ` for ${durationText(duration)}`}`
  const { send } = useRequests<LinkCreated>(
    'POST',
    `/item/${stash.id}/${key}/presign`,
    () => ({ body: value, query: { for: duration || undefined, reason } }),
    async () => ({ 'Content-Type': await findType() }),
  )
  return (
    <ChangeDialog<LinkCreated>
      stash={stash}
      title="Make a one-time link"
      action="Make the link"
      once
      send={send}
      done={({ body }) => {
        stash.refreshHeld()
        const until = clock(Date.parse(body.expires_at))
        return {
          content: (
            <Secret
              label="The link"
              secret={body.url}
              hint={`It sets ${what}. It works once, until ${until}. It is shown only now.`}
            />
          ),
        }
      }}
      close={close}
    >
      <p>
        A person with this link can set {what}, once, within 15 minutes. Nothing changes until they press its button.
      </p>
    </ChangeDialog>
  )
}
