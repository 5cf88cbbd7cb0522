/**
 * For vitest: keeps one message of workerd's out of the output, that a watcher has left. It says so of each, in two lines,
 * hundreds in a run, and the tests look at what follows from it. All else that workerd says is shown: an exception of a
 * callback stands nowhere else. The plugin writes to the process's own streams and takes no handler.
 */
const LEFT = /^exception = workerd\/api\/streams\/[\w-]+\.c\+\+:\d+: disconnected: (?:reader|pump) canceled\n/

export function setup(): () => void {
  const undo = [process.stdout, process.stderr].map((stream) => {
    const { write } = stream
    stream.write = new Proxy(write, {
      apply: (target, self, args: unknown[]) => LEFT.test(String(args[0])) || Reflect.apply(target, self, args),
    })
    return () => void (stream.write = write)
  })
  return () => undo.forEach((each) => each())
}
