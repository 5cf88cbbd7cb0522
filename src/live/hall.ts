/** Where an audience sits: the sockets of one object, as far as `Audience` needs to know them. */
export type Seated = Pick<WebSocket, 'send' | 'close' | 'serializeAttachment' | 'deserializeAttachment'>

export type Hall<S extends Seated = WebSocket> = {
  sockets(): S[]
  /** Takes a socket in, so that it stays while the object sleeps. */
  accept(socket: S): void
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
    accept: (socket) => ctx.acceptWebSocket(socket),
    heardAt: (socket) => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0,
    pause: () => scheduler.wait(0),
  }
}
