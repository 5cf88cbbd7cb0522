/**
 * Vitest's global setup: filters messages of workerd about faults that tests cause on purpose, such as closed connections of
 * watchers (hundreds in a run) and aborted objects. Other messages stay, because an exception in a callback is reported
 * nowhere else. It wraps the process's own streams, because the vitest plugin takes no handler for this output.
 */
const DISCONNECTED =
  /^exception = workerd\/api\/streams\/[\w-]+\.c\+\+:\d+: disconnected: (?:reader|pump|writer) canceled\n/
const ABORTED = /^uncaught exception; exception = [^\n]*jsg\.Error: ended by a test\n/
const FAILED_MIGRATION = /^uncaught exception; [^\n]*: no such table: planted_by_a_test\b/

const isExpected = (text: string): boolean =>
  [DISCONNECTED, ABORTED, FAILED_MIGRATION].some((pattern) => pattern.test(text))

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
