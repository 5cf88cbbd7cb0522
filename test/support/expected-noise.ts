/**
 * For vitest: keeps out of the output what workerd says of things that tests do on purpose. Of each watcher that has left or was let go,
 * in two lines, hundreds in a run; and of objects that a test ends. All else that workerd says is shown: an exception of a
 * callback stands nowhere else. The plugin writes to the process's own streams and takes no handler.
 */
const LEFT = /^exception = workerd\/api\/streams\/[\w-]+\.c\+\+:\d+: disconnected: (?:reader|pump|writer) canceled\n/
const ENDED = /^uncaught exception; exception = [^\n]*jsg\.Error: ended by a test\n/
const MISMIGRATED = /^uncaught exception; [^\n]*: no such table: planted_by_a_test\b/

const isExpected = (text: string): boolean => [LEFT, ENDED, MISMIGRATED].some((each) => each.test(text))

export function setup(): () => void {
  const undo = [process.stdout, process.stderr].map((stream) => {
    const { write } = stream
    stream.write = new Proxy(write, {
      apply: (target, self, args: unknown[]) => isExpected(String(args[0])) || Reflect.apply(target, self, args),
    })
    return () => void (stream.write = write)
  })
  return () => undo.forEach((each) => each())
}
