/** A stash of one's own, through the front door: in workerd for the worker tests, over the network for the contract. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>

/** @param origin of a service, without a path */
export const sendTo =
  (origin: string): Send =>
  (path, init) =>
    fetch(`${origin}/api${path}`, init)

export type Stash = {
  id: string
  token: string
  /** With the master token. */
  as(init?: RequestInit): RequestInit
  put(key: string, value: string, init?: RequestInit): Promise<Response>
  read(key: string): Promise<string>
  revision(): Promise<number>
}

/** Each test speaks from an address of its own, so that the limits per address are tested where they are meant to be. */
export const randomAddress = (): string =>
  `2001:db8:${[0, 1].map(() => Math.floor(Math.random() * 65_536).toString(16)).join(':')}::1`

export async function freshStash(send: Send, spec?: object): Promise<Stash> {
  const response = await send('/stash', {
    method: 'POST',
    headers: { 'CF-Connecting-IP': randomAddress() },
    ...(spec && { body: JSON.stringify(spec) }),
  })
  if (response.status !== 200) throw new Error(`POST /stash answered ${response.status}: ${await response.text()}`)
  const created = (await response.json()) as { stash_id: string; master_token: string }
  return stashAt(send, created.stash_id, created.master_token)
}

export function stashAt(send: Send, id: string, token: string): Stash {
  const as = (init: RequestInit = {}): RequestInit => {
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${token}`)
    return { ...init, headers }
  }
  return {
    id,
    token,
    as,
    put: (key, value, init) => send(`/item/${id}/${key}`, as({ method: 'PUT', body: value, ...init })),
    read: async (key) => (await send(`/item/${id}/${key}`)).text(),
    revision: async () => {
      // Asked of the stash itself: a copy in memory would not show what should not have happened.
      const list = (await (await send(`/stash/${id}/items`, as())).json()) as { revision: number }
      return list.revision
    },
  }
}
