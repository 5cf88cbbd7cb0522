/** Creates a stash over HTTP and accesses it: in workerd for the worker tests, over the network for all others. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>

/** @param origin the origin of a service, without a path */
export const sendTo =
  (origin: string): Send =>
  (path, init) =>
    fetch(`${origin}/api${path}`, init)

export type Stash = {
  id: string
  token: string
  /** Adds the master token to a request. */
  as(init?: RequestInit): RequestInit
  put(key: string, value: string, init?: RequestInit): Promise<Response>
  read(key: string): Promise<string>
  revision(): Promise<number>
}

/** Each stash is created from a random address, so that only the tests of the limits per address reach these limits. */
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
      // The object itself answers a request with a token. A cached copy could hide a change that must not have happened.
      const list = (await (await send(`/stash/${id}/items`, as())).json()) as { revision: number }
      return list.revision
    },
  }
}
