/** The API of the host that served this page. Answers come from no cache: neither the browser's nor one on the way. */
import type { FetchLike } from '../../client/requests/call.ts'

const fetchUncached: FetchLike = (url, init) => fetch(url, { ...init, cache: 'no-store' })

export const API = { url: `${location.origin}/api`, fetch: fetchUncached }
