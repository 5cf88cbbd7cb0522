/** Reads where a stash is: the URL of the service and the stash, or a link to the dashboard, which has both in it. */
import { checkStash, checkUrl } from './settings.ts'

export type Address = { url?: string; stash?: string }

/** @param given the values of `--url` and `--stash`: either may be a link such as `https://flags.example/#/s/prod-7f3k` */
export function parseAddress({ url, stash }: { url: string | undefined; stash: string | undefined }): Address {
  const link = parseLink(stash) ?? parseLink(url)
  const isLink = (text: string | undefined): boolean => parseLink(text) !== null
  return {
    ...link,
    ...(url !== undefined && !isLink(url) && { url: checkUrl(url) }),
    ...(stash !== undefined && !isLink(stash) && { stash: checkStash(stash) }),
  }
}

/** Null: it is no link to the dashboard of a stash. */
function parseLink(text: string | undefined): Required<Address> | null {
  if (text === undefined || !URL.canParse(text)) return null
  const { protocol, origin, pathname, hash } = new URL(text)
  const stash = /^#\/s\/([^/?]+)/.exec(hash)?.[1]
  if (!/^https?:$/.test(protocol) || stash === undefined) return null
  return { url: checkUrl(`${origin}${pathname.replace(/\/+$/, '')}/api`), stash: checkStash(stash) }
}

/** The address of the dashboard that belongs to the URL of the API. */
export const toDashboardUrl = (url: string): string => `${url.replace(/\/api$/, '')}/`
