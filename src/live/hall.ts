/** Where an audience sits: the sockets of one object, as far as `Audience` needs to know them. */
export type Seated = Pick<WebSocket, 'send' | 'close' | 'serializeAttachment' | 'deserializeAttachment'>

export type Hall<S extends Seated = WebSocket> = {
  sockets(): S[]
  /** The sockets that were taken in from this address. */
  socketsFrom(address: string): S[]
  /** Takes a socket in, so that it stays while the object sleeps, and so that its address is still known then. */
  accept(socket: S, address: string | null): void
  /** When it last said "ping", in ms since the epoch; 0: never. */
  heardAt(socket: S): number
  /** Lets others have their turn. */
  pause(): Promise<unknown>
}

export function hallOf(ctx: DurableObjectState): Hall {
  // Answered by the runtime, without waking the object.
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
  return {
    sockets: () => ctx.getWebSockets(),
    socketsFrom: (address) => ctx.getWebSockets(address),
    // As a tag: the runtime keeps it with the socket, and finds sockets by it without waking any.
    accept: (socket, address) => ctx.acceptWebSocket(socket, address === null ? [] : [address]),
    heardAt: (socket) => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0,
    pause: () => scheduler.wait(0),
  }
}
