/**
 * The stash's tables, as an append-only list of migration steps. Never edit a step that has shipped; add one. A step runs when
 * the object of a stash next wakes, which may be months later: it must be right for the data of every version before it.
 */
export const STEPS: { id: string; sql: string }[] = [
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
  {
    id: '002_safeguards',
    sql: `
      ALTER TABLE stash ADD COLUMN freeze TEXT;
      ALTER TABLE stash ADD COLUMN held_count INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE stash ADD COLUMN held_bytes INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE stash ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0;
      -- What was pruned ends here: the chain is verified from this revision's hash on.
      ALTER TABLE stash ADD COLUMN anchor_revision INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE stash ADD COLUMN anchor_hash TEXT;
      ALTER TABLE token ADD COLUMN can TEXT NOT NULL DEFAULT '["write"]';
      ALTER TABLE token ADD COLUMN keys TEXT NOT NULL DEFAULT '["*"]';
      ALTER TABLE token ADD COLUMN expires_at INTEGER;
      ALTER TABLE token ADD COLUMN last_used_at INTEGER;
      ALTER TABLE token ADD COLUMN made_by TEXT;
      ALTER TABLE token ADD COLUMN line TEXT;
      UPDATE token SET can = '["write","approve","guard","freeze","break_glass","tokens"]' WHERE master = 1;
      ALTER TABLE held ADD COLUMN kind TEXT NOT NULL DEFAULT 'link';
      ALTER TABLE held ADD COLUMN keys TEXT NOT NULL DEFAULT '[]';
      ALTER TABLE held ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE held ADD COLUMN decision TEXT;
      ALTER TABLE held ADD COLUMN ends INTEGER;
      ALTER TABLE held ADD COLUMN approved_by TEXT;
      ALTER TABLE held ADD COLUMN broke_glass TEXT;
      UPDATE held SET kind = 'lapse' WHERE secret_hash IS NULL;
      UPDATE held SET keys = json_array(json_extract(change, '$.key'));
      UPDATE stash SET held_count = (SELECT count(*) FROM held WHERE kind <> 'lapse');
      CREATE INDEX held_by_decision ON held (decision) WHERE decision IS NOT NULL;
      CREATE INDEX held_by_maker ON held (made_by) WHERE made_by IS NOT NULL;
      -- Which revert a key waits for: at most one.
      CREATE TABLE revert (key TEXT PRIMARY KEY, held_id TEXT NOT NULL);
      CREATE INDEX revert_by_held ON revert (held_id);
      CREATE TABLE guard (key TEXT PRIMARY KEY, guard TEXT NOT NULL, version INTEGER NOT NULL);
      -- Which list of fields an entry's hash is taken over.
      ALTER TABLE log ADD COLUMN format INTEGER NOT NULL DEFAULT 1;
      ALTER TABLE log ADD COLUMN detail TEXT;
      ALTER TABLE change ADD COLUMN what TEXT NOT NULL DEFAULT 'item';
      DROP INDEX change_by_key;
      CREATE INDEX change_by_key ON change (what, key, revision);
    `,
  },
  {
    id: '003_hubs',
    sql: `
      -- Who tells watchers on this stash's behalf, and how far each has confirmed.
      -- A hub that leaves and comes back in the same moment is another subscription.
      CREATE TABLE hub (
        name TEXT PRIMARY KEY, subscription TEXT NOT NULL, told INTEGER NOT NULL, failures INTEGER NOT NULL,
        tried_at INTEGER NOT NULL
      );
    `,
  },
  {
    id: '004_bounds',
    sql: `
      -- How often the alarm has begun to release the row, and when it may again: one that kills the object comes last.
      ALTER TABLE held ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE held ADD COLUMN retry_at INTEGER;
      DROP INDEX held_by_due;
      CREATE INDEX held_by_due ON held (due_at) WHERE due_at IS NOT NULL AND retry_at IS NULL;
      CREATE INDEX held_by_retry ON held (retry_at) WHERE retry_at IS NOT NULL;
      -- What the entry takes of storage, in bytes; 0 for entries from before, which were counted by their values' characters.
      ALTER TABLE log ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
      -- The same of a kept answer; the index alone says which of a token's are too many.
      ALTER TABLE answer ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
      CREATE INDEX answer_by_scope ON answer (scope, at, bytes);
    `,
  },
  {
    id: '005_people',
    sql: `
      -- Whose hand a token is in: the first token below a master that it descends from.
      ALTER TABLE token ADD COLUMN holder TEXT;
      -- The revision that granted it; NULL where that was before this column.
      ALTER TABLE token ADD COLUMN granted INTEGER;
      -- Ended tokens stay for a month, so that their holders are told. 'revoked' where it is not expiry that ends it.
      ALTER TABLE token ADD COLUMN ends_as TEXT;
      ALTER TABLE token ADD COLUMN ended_at INTEGER;
      UPDATE token SET holder = coalesce(line, id) WHERE master = 1;
      UPDATE token SET holder = (
        WITH RECURSIVE ancestor (id, made_by, depth) AS (
          SELECT token.id, token.made_by, 0
          UNION ALL
          SELECT parent.id, parent.made_by, depth + 1 FROM ancestor JOIN token AS parent ON parent.id = ancestor.made_by
          WHERE parent.master = 0 AND depth < 1000
        ) SELECT id FROM ancestor ORDER BY depth DESC LIMIT 1
      ) WHERE master = 0;
      -- The stash's revision when the change was asked for.
      ALTER TABLE held ADD COLUMN asked INTEGER;
      -- Of a time-box: the token that set it, and its label then.
      ALTER TABLE held ADD COLUMN set_by TEXT;
      ALTER TABLE held ADD COLUMN set_by_label TEXT;
      CREATE INDEX held_by_setter ON held (set_by) WHERE set_by IS NOT NULL;
      UPDATE held SET
        set_by = (SELECT actor_id FROM log WHERE revision = held.ends),
        set_by_label = (SELECT actor FROM log WHERE revision = held.ends AND actor_id IS NOT NULL)
      WHERE kind = 'revert';
    `,
  },
  {
    id: '006_published',
    sql: `
      -- In which layout KV was put last: see LAYOUT. 0: by a version from before this column, and to be put anew.
      ALTER TABLE cursor ADD COLUMN layout INTEGER NOT NULL DEFAULT 0;
    `,
  },
  {
    id: '007_refusals',
    sql: `
      -- What was refused under an Idempotency-Key. Apart from \`answer\`: a version of the code that knows no kept refusals
      -- would take each row there for an accepted change.
      CREATE TABLE refusal (
        scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, refusal TEXT NOT NULL, at INTEGER NOT NULL,
        bytes INTEGER NOT NULL, PRIMARY KEY (scope, key)
      );
      CREATE INDEX refusal_by_time ON refusal (at);
      CREATE INDEX refusal_by_scope ON refusal (scope, at, bytes);
    `,
  },
  {
    id: '008_ends',
    sql: `
      -- What ends by the clock is looked for before each answer: see takeDue, whose condition this must repeat to the letter.
      CREATE INDEX held_by_end ON held (due_at) WHERE retry_at IS NULL AND kind IN ('revert', 'thaw', 'lapse');
      -- How many revisions after the anchor have no entry: a recovery leaves them out.
      ALTER TABLE stash ADD COLUMN gap INTEGER NOT NULL DEFAULT 0;
    `,
  },
  {
    id: '009_layout',
    sql: `
      -- Which revision was put in that layout. A version that knows no layouts moves the cursor alone, and puts its own.
      ALTER TABLE cursor ADD COLUMN layout_revision INTEGER NOT NULL DEFAULT -1;
    `,
  },
  {
    id: '010_services',
    sql: `
      -- The name that paths may have instead of the id. It is set once, so it is not part of the log's values.
      ALTER TABLE stash ADD COLUMN slug TEXT;
      -- Freezes of some keys. The freeze of the whole stash stays in its column, where older versions find it.
      -- keys: the sorted patterns as a JSON list. thaw_id: the held change that ends it; NULL where it ends by hand.
      CREATE TABLE key_freeze (keys TEXT PRIMARY KEY, freeze TEXT NOT NULL, thaw_id TEXT);
    `,
  },
]

/** A stash that was never created, or whose storage was deleted, has no tables. A read of it must not create any. */
export function hasTables(sql: SqlStorage): boolean {
  return sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'migration'`).toArray().length > 0
}

/** To be called in a transaction, so that all missing steps are applied or none. @throws {Error} a step cannot be applied */
export function migrate(sql: SqlStorage, steps = STEPS): void {
  sql.exec('CREATE TABLE IF NOT EXISTS migration (id TEXT PRIMARY KEY)')
  const applied = sql.exec<{ id: string }>('SELECT id FROM migration ORDER BY id').toArray()
  for (const [i, { id }] of applied.entries()) {
    // A newer version of the code ran here and was rolled back. Its additional tables and columns do no harm.
    if (steps[i] === undefined) return
    if (steps[i].id !== id) throw new Error(`migration ${id} is not step ${i}: the list is append-only`)
  }
  for (const step of steps.slice(applied.length)) {
    sql.exec(step.sql)
    sql.exec('INSERT INTO migration (id) VALUES (?)', step.id)
  }
}
