/** The dialog that makes a one-time link for a change, and shows it once. */
import { refreshHeld } from './details.ts'
import { h } from './dom.ts'
import { secretNode } from './secret.ts'
import { openSheet } from './sheet.ts'
import type { LinkCreated } from './answer-types.ts'
import { brief } from './values.ts'
import { clock, durationText } from './words.ts'

type LinkSpec = { key: string; value: string; length: string | undefined; reason: string | undefined }

/** @param findType gives the media type of the value */
export function openLink({ key, value, length, reason }: LinkSpec, findType: () => Promise<string>): void {
  const what = `${key} to ${brief(value)}${length === undefined ? '' : ` for ${durationText(length)}`}`
  openSheet<LinkCreated>({
    title: 'Make a one-time link',
    body: [
      h(
        'p',
        {},
        `Whoever has it can set ${what}, once, within 15 minutes. Nothing changes until they press its button.`,
      ),
    ],
    action: 'Make the link',
    once: true,
    send: async (_, signal, session) =>
      session.call('POST', `/item/${session.stash}/${key}/presign`, {
        body: value,
        query: { for: length, reason },
        headers: { 'Content-Type': await findType() },
        signal,
      }),
    done: ({ body }) => {
      refreshHeld()
      return secretNode(
        'The link',
        body.url,
        `It sets ${what}. Valid until ${clock(Date.parse(body.expires_at))}, once. It is shown this once.`,
      )
    },
  })
}
