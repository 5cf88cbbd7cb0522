/**
 * The stream of changes, over fetch and not EventSource: that one hides the keep-alives, so a connection that died in silence
 * (a phone that left its Wi-Fi) would look alive for minutes, and it hides why it was refused.
 */

/** The service says something every 15 seconds. */
const SILENCE_MAX_MS = 20_000
const PAUSE_MS = { first: 400, most: 8_000 }

const connect = (/** @type {string} */ stash, /** @type {string} */ query, /** @type {AbortSignal | null} */ signal) =>
  fetch(`/api/stash/${stash}/watch${query}`, { cache: 'no-store', signal })

/** Asked for as soon as this file is here: over a slow network that is a round trip before all of the others are. */
let early = askEarly()

function askEarly() {
  const [stash] = /^#[0-9a-f]{64}$/.exec(location.hash) ?? []
  if (stash === undefined) return null
  const over = new AbortController()
  const answer = connect(stash.slice(1), '', over.signal)
  // Looked at when somebody wants it.
  answer.catch(() => {})
  return { stash: stash.slice(1), answer, over }
}

function takeEarly(/** @type {string} */ stash) {
  const taken = early
  early = null
  if (taken?.stash === stash) return taken
  taken?.over.abort()
  return null
}

/**
 * @param {string} stash
 * @param {{ event(event: import('./shapes.d.ts').Told): void, status(status: 'connecting' | 'live' | 'lost' | 'missing' | 'gone'): void }} listener
 * @returns {() => void} stops it
 */
export function watch(stash, { event, status }) {
  const stopped = new AbortController()
  let last = /** @type {number | null} */ (null)
  let heardAt = 0
  let attempt = new AbortController()
  let failures = 0

  async function read() {
    attempt = new AbortController()
    const query = last === null ? '' : `?after=${last}`
    let watchdog = setTimeout(() => attempt.abort(), SILENCE_MAX_MS)
    try {
      const signal = AbortSignal.any([attempt.signal, stopped.signal])
      const asked = takeEarly(stash)
      if (asked !== null) signal.addEventListener('abort', () => asked.over.abort())
      const answer = await (asked === null ? connect(stash, query, signal) : asked.answer)
      if (answer.status === 404 || answer.status === 400) return 'missing'
      // A sign-in page says 200, too.
      const isStream = /^text\/event-stream\b/.test(answer.headers.get('Content-Type') ?? '')
      if (!answer.ok || !isStream || answer.body === null) return 'lost'
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return 'lost'
        heardAt = Date.now()
        clearTimeout(watchdog)
        watchdog = setTimeout(() => attempt.abort(), SILENCE_MAX_MS)
        const blocks = (text + value).split('\n\n')
        text = blocks.pop() ?? ''
        for (const data of blocks.flatMap(dataOf)) {
          const told = JSON.parse(data)
          if (told.type === 'gone') return 'gone'
          last = told.revision
          event(told)
        }
        if (blocks.length === 0) continue
        failures = 0
        // A stream that resumes has nothing to tell where nothing has happened; a fresh one begins with how things stand.
        if (last !== null) status('live')
      }
    } catch {
      return 'lost'
    } finally {
      clearTimeout(watchdog)
      attempt.abort()
    }
  }

  async function run() {
    status('connecting')
    while (!stopped.signal.aborted) {
      const end = await read()
      if (stopped.signal.aborted) return
      status(end)
      if (end !== 'lost') return
      const most = Math.min(PAUSE_MS.first * 2 ** failures++, PAUSE_MS.most)
      await rest(most * (0.5 + Math.random() / 2), stopped.signal)
    }
  }

  /** A page that was hidden, or a network that is back: what is silent for long may be dead. */
  function look() {
    if (document.visibilityState === 'visible' && Date.now() - heardAt > SILENCE_MAX_MS) attempt.abort()
  }
  const { signal } = stopped
  window.addEventListener('offline', () => attempt.abort(), { signal })
  window.addEventListener('online', () => attempt.abort(), { signal })
  document.addEventListener('visibilitychange', look, { signal })
  void run()
  return () => stopped.abort()
}

const dataOf = (/** @type {string} */ block) =>
  block.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))

/** Of its own: this file waits for no other, so that `early` leaves early. */
function rest(/** @type {number} */ ms, /** @type {AbortSignal} */ signal) {
  return new Promise((resolve) => {
    const over = new AbortController()
    const end = () => {
      clearTimeout(timer)
      over.abort()
      resolve(undefined)
    }
    const timer = setTimeout(end, ms)
    window.addEventListener('online', end, { signal: over.signal })
    signal.addEventListener('abort', end, { signal: over.signal })
  })
}
