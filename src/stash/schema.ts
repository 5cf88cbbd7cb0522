/** The stash's tables, as an append-only list. Never edit a step that has shipped; add one. */
const STEPS = [
  {
    id: '001_stash',
    sql: `
      -- One row. The counters save each write from counting, and the hash is the log's last.
      CREATE TABLE stash (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        name TEXT, description TEXT, profile TEXT NOT NULL, created_at INTEGER NOT NULL,
        revision INTEGER NOT NULL, item_count INTEGER NOT NULL, bytes INTEGER NOT NULL,
        head_hash TEXT NOT NULL, deleted_at INTEGER
      );
      CREATE TABLE item (
        key TEXT PRIMARY KEY, value TEXT NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL,
        bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
      );
      CREATE TABLE token (
        id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, master INTEGER NOT NULL, created_at INTEGER NOT NULL
      );
      CREATE TABLE held (
        id TEXT PRIMARY KEY, change TEXT NOT NULL, reason TEXT, made_by TEXT, made_at INTEGER NOT NULL,
        secret_hash TEXT, expires_at INTEGER, due_at INTEGER
      );
      CREATE INDEX held_by_due ON held (due_at) WHERE due_at IS NOT NULL;
      CREATE INDEX held_by_expiry ON held (expires_at) WHERE expires_at IS NOT NULL;
      CREATE TABLE log (
        revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, actor_id TEXT, actor TEXT NOT NULL,
        held_id TEXT, reason TEXT, hash TEXT NOT NULL
      );
      -- Apart from the log, because a row may hold 2 MB and one patch may touch more than that.
      CREATE TABLE change (
        revision INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL,
        before_value TEXT, before_type TEXT, before_version INTEGER, after_value TEXT, after_type TEXT
      );
      CREATE UNIQUE INDEX change_by_revision ON change (revision, position);
      CREATE INDEX change_by_key ON change (key, revision);
      CREATE TABLE cursor (
        reader TEXT PRIMARY KEY, revision INTEGER NOT NULL, tried_at INTEGER NOT NULL, failures INTEGER NOT NULL,
        pending INTEGER NOT NULL
      );
      CREATE TABLE answer (
        scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, applied TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (scope, key)
      );
      CREATE INDEX answer_by_time ON answer (at);
    `,
  },
]

/** A stash that was never created, or is gone, has no tables: asking it something must not make any. */
export function hasTables(sql: SqlStorage): boolean {
  return sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'migration'`).toArray().length > 0
}

export function migrate(sql: SqlStorage): void {
  sql.exec('CREATE TABLE IF NOT EXISTS migration (id TEXT PRIMARY KEY)')
  const applied = sql.exec<{ id: string }>('SELECT id FROM migration ORDER BY id').toArray()
  for (const [i, { id }] of applied.entries()) {
    // A newer version of the code was here and has been rolled back. Its extra tables and columns do no harm.
    if (STEPS[i] === undefined) return
    if (STEPS[i].id !== id) throw new Error(`migration ${id} is not step ${i}: the list is append-only`)
  }
  for (const step of STEPS.slice(applied.length)) {
    sql.exec(step.sql)
    sql.exec('INSERT INTO migration (id) VALUES (?)', step.id)
  }
}
