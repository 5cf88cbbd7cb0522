/** What only Python has: Flask, and processes that fork. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newStash, send, url } from '../support/service.ts'
import type { Stash } from '../support/stash.ts'

const FOLDER = join(import.meta.dirname, '../../src/client/python')

/** Where there is no Flask, as little of it as the example uses, over the same WSGI server. */
const STAND_IN = join(import.meta.dirname, '../support/client/flask-stand-in')
const hasFlask = await promisify(execFile)('python3', ['-c', 'import flask']).then(
  () => true,
  () => false,
)

let folder: string
let stash: Stash
let child: ChildProcess | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-python-'))
  stash = await newStash()
})
afterEach(async () => {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await rm(folder, { recursive: true })
})

/** Runs it, and gives its lines. */
function run(code: string): AsyncIterator<string> {
  const env = {
    ...process.env,
    PYTHONPATH: [FOLDER, ...(hasFlask ? [] : [STAND_IN])].join(':'),
    SWITCHYARD_URL: `${url}/api`,
    SWITCHYARD_STASH: stash.id,
  }
  child = spawn('python3', ['-Buc', code], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  return createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
}

describe('the Flask example', () => {
  it('answers 503 and when to come back while maintenance is on, and its health check always', async () => {
    await stash.put('checkout.maintenance-mode', 'false')
    await stash.put('checkout.on-call', 'ada')
    const lines = run(`
from wsgiref.simple_server import make_server, WSGIRequestHandler
from flask_example import app
WSGIRequestHandler.log_message = lambda *_: None
server = make_server("127.0.0.1", 0, app)
print(server.server_port)
server.serve_forever()`)
    const origin = `http://127.0.0.1:${(await lines.next()).value}`
    expect(await (await fetch(origin)).json()).toEqual({ on_call: 'ada', flags: 'fresh' })
    await stash.put('checkout.maintenance-mode', 'true')
    await expect.poll(async () => (await fetch(origin)).status).toBe(503)
    const refused = await fetch(origin)
    expect(refused.headers.get('Retry-After')).toBe('120')
    expect(await refused.text()).toBe('Back soon.\n')
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
    await stash.put('checkout.maintenance-mode', 'false')
    await expect.poll(async () => (await fetch(origin)).status).toBe(200)
  })
})

describe('a process that forks', () => {
  it('has a client that keeps up in the child as well as in the parent', async () => {
    await stash.put('a', '1')
    const lines = run(`
import os, sys, switchyard
flags = switchyard.connect(os.environ["SWITCHYARD_URL"], os.environ["SWITCHYARD_STASH"])
flags.ready(20)
pid = os.fork()
name = "child" if pid == 0 else "parent"
def say():
    # In one piece: two processes and two threads write to one pipe.
    os.write(1, f"{name} {flags.get('a')}\\n".encode())
def tell(revision, changes):
    say()
    if pid == 0: os._exit(0)
flags.watch(tell)
say()
if pid == 0:
    import time
    time.sleep(60)
else:
    os.waitpid(pid, 0)
    sys.stdin.readline()`)
    const two = async () => [(await lines.next()).value, (await lines.next()).value].sort()
    expect(await two()).toEqual(['child 1', 'parent 1'])
    await stash.put('a', '2')
    expect(await two()).toEqual(['child 2', 'parent 2'])
  })
})

describe('the file of overrides of a process that forks', () => {
  it('is looked at by the child as well, also in a stash that is gone', async () => {
    await stash.put('a', '1')
    const lines = run(`
import os, sys, threading, switchyard
os.environ["SWITCHYARD_OVERRIDE_FILE"] = "override"
flags = switchyard.connect(os.environ["SWITCHYARD_URL"], os.environ["SWITCHYARD_STASH"], report=lambda problem: None)
flags.ready(20)
print("ready")
sys.stdin.readline()
while flags.status().state != "gone": flags.ready(1)
if os.fork() == 0:
    seen = threading.Event()
    flags.watch(lambda *news: (os.write(1, f"{news}\\n".encode()), seen.set()))
    print("child")
    seen.wait(60)
    os._exit(0)
os.wait()`)
    expect((await lines.next()).value).toBe('ready')
    await send(`/stash/${stash.id}`, stash.as({ method: 'DELETE' }))
    child?.stdin?.write('\n')
    expect((await lines.next()).value).toBe('child')
    await writeFile(join(folder, 'override'), 'a=2')
    expect((await lines.next()).value).toBe("(1, {'a': '2'})")
  })
})

describe('an override without `report`', () => {
  it('is logged, and other problems are not', async () => {
    const lines = run(`
import logging, sys, switchyard
logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(name)s %(message)s")
class Store:
    def load(self): return "no JSON"
with switchyard.connect("http://127.0.0.1:9", "ab" * 32, store=Store(), override={"a": "1"}) as flags:
    flags.bool("a", False)
print("end")`)
    expect((await lines.next()).value).toBe('WARNING switchyard This process overrides 1 flag: a.')
    expect((await lines.next()).value).toBe('end')
  })
})

describe('python3 -m switchyard', () => {
  it('prints the version and how it is used', async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string
    }
    const ask = (...args: string[]) =>
      promisify(execFile)('python3', ['-Bm', 'switchyard', ...args], { env: { ...process.env, PYTHONPATH: FOLDER } })
    const { stdout } = await ask()
    expect(stdout).toMatch(
      new RegExp(`^switchyard ${version.replaceAll('.', '\\.')}\n[^\n]*switchyard\\.connect[^\n]*\n$`),
    )
    await expect(ask('other')).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'python3 -m switchyard takes "follow", or nothing: then it prints its version.\n',
    })
  })
})

describe('switchyard.py', () => {
  it('says at once what is no address and no stash', async () => {
    const tried = `
import switchyard
def connect(url="http://127.0.0.1:9", stash="ab" * 32, **options):
    try: switchyard.connect(url, stash, **options).close()
    except ValueError as error: print(error)
    else: print("taken")
for url in ["flags.example", "file:///etc/passwd"]: connect(url=url)
for stash in ["ab", "Prod", "7prod", "a" * 41, "AB" * 32, "prod\\n", "abc", "a" + "-" * 39]: connect(stash=stash)
for service in ["", "a b", "ü", "a" * 127, "check*", "a\\n", 7, "a" * 126, "a.b"]: connect(service=service)
print("end")`
    const said: unknown[] = []
    for await (const line of { [Symbol.asyncIterator]: () => run(tried) }) {
      if (line === 'end') break
      said.push(line)
    }
    const noSlug =
      'stash is neither the id of a stash, 64 hexadecimal digits, ' +
      'nor a slug, 3 to 40 of a-z, 0-9 and "-", of which the first is a letter'
    const noService = 'service cannot be the first part of a key: 1 to 126 of A-Z, a-z, 0-9, ".", "_" and "-"'
    expect(said).toEqual([
      ...Array<string>(2).fill('url is not an http(s) address'),
      ...Array<string>(6).fill(noSlug),
      ...Array<string>(2).fill('taken'),
      ...Array<string>(7).fill(noService),
      ...Array<string>(2).fill('taken'),
    ])
  })
  it('raises nothing, whatever a read asks for and whatever a flag holds', async () => {
    const lines = run(`
import os, switchyard
flags = switchyard.connect("http://127.0.0.1:9", "ab" * 32)
for key in ["", "é", None, 7, "a" * 10_000]:
    assert flags.get(key) is None and flags.bool(key, True) is True and flags.split(key, None, "x") == "x"
for text in ["[" * 100_000, "1e999", "9" * 5_000, "\\ud800", "{}", '{"a":-1}', "nan", "١٢"]:
    for kind in ["boolean", "number", "json", "percentage", "split"]:
        reading = switchyard.evaluate(kind, "k", text, "default", "\\ud800")
        assert reading.value == "default" or kind in ("number", "json"), (kind, text[:20], reading)
assert switchyard.murmur3("\\ud83c\\udf89") == switchyard.murmur3("🎉")
print(flags.status().state)`)
    expect((await lines.next()).value).toBe('empty')
  })
})

describe('FileStore', () => {
  it('follows no link that waits where it writes, and lets nobody else read what it keeps', async () => {
    const lines = run(`
import os, secrets, stat, switchyard
open("victim", "w").write("theirs")
store = switchyard.FileStore("flags.json")
os.symlink("victim", f"flags.json.{os.getpid()}")
os.symlink("victim", "flags.json")
store.save("mine")
left = sorted(name for name in os.listdir(".") if name != f"flags.json.{os.getpid()}")
print(open("victim").read(), store.load(), oct(stat.S_IMODE(os.lstat("flags.json").st_mode)), *left)
secrets.token_hex = lambda _: "foreseen"
os.symlink("victim", "flags.json.foreseen")
try: store.save("more")
except FileExistsError: print("refused")
print(open("victim").read(), store.load())`)
    const said = [(await lines.next()).value, (await lines.next()).value, (await lines.next()).value]
    expect(said).toEqual(['theirs mine 0o600 flags.json victim', 'refused', 'theirs mine'])
  })
  it('leaves no draft behind where it cannot write', async () => {
    const lines = run(`
import os, switchyard
os.mkdir("flags.json")
try: switchyard.FileStore("flags.json").save("mine")
except OSError: print(*os.listdir("."))`)
    expect((await lines.next()).value).toBe('flags.json')
  })
})
