/** The sockets of one object, as far as `ConnectionManager` needs to know them. */
export type Socket = Pick<WebSocket, 'send' | 'close' | 'serializeAttachment' | 'deserializeAttachment'>

export type HibernatingSockets<S extends Socket = WebSocket> = {
  all(): S[]
  /** The sockets that were accepted from this address. */
  from(address: string): S[]
  /** Accepts a socket, so that it stays while the object sleeps, and so that its address is still known then. */
  accept(socket: S, address: string | null): void
  /** When it last sent "ping", in ms since the epoch; 0: never. */
  lastPingAt(socket: S): number
  /** Lets waiting requests have their turn. */
  yieldToRequests(): Promise<unknown>
  wait(ms: number): Promise<unknown>
}

export function getHibernatingSockets(ctx: DurableObjectState): HibernatingSockets {
  // Answered by the runtime, without waking the object.
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
  return {
    all: () => ctx.getWebSockets(),
    from: (address) => ctx.getWebSockets(address),
    // As a tag: the runtime keeps it with the socket, and finds sockets by it without waking any.
    accept: (socket, address) => ctx.acceptWebSocket(socket, address === null ? [] : [address]),
    lastPingAt: (socket) => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0,
    yieldToRequests: () => scheduler.wait(0),
    wait: (ms) => scheduler.wait(ms),
  }
}
