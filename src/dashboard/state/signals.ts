/**
 * Small pieces of state that every part of the page may show: the present time, the notice, and the text for screen readers.
 */
import { signal } from '@preact/signals'
import { serviceNow } from '../api/service-time.ts'

/** By the clock of the service, in ms since the epoch; moves on each second. */
export const now = signal(serviceNow())
setInterval(() => {
  now.value = serviceNow()
}, 1_000)

/** What a screen reader says next. */
export const said = signal('')

export function announce(text: string): void {
  // The same text twice would be no change, and would not be read.
  said.value = said.value === text ? `${text}\u00a0` : text
}

export type NoticeAction = { label: string; run(): void }
export type Notice = { text: string; action?: NoticeAction | undefined }

/** The notice at the bottom of the page, which goes by itself. What it offers is in the history, too. */
export const notice = signal<Notice | null>(null)

/** Longer than it takes to read. */
const NOTICE_MS = 12_000
let hiding: ReturnType<typeof setTimeout> | undefined

export function notify(text: string, action?: NoticeAction): void {
  notice.value = { text, action }
  announce(text)
  clearTimeout(hiding)
  hiding = setTimeout(dismissNotice, NOTICE_MS)
}

export function dismissNotice(): void {
  notice.value = null
}

/** The banner about what the person can no longer do. It stays until it is dismissed. */
export const warning = signal('')
