-- {
--   "id": "762c85a174b8f494eb9cb9fd6e6935f9e0a2a4e36149e84ce2b15e839518df64",
--   "token": "swy_nN6csiMDNTzfWiW3GSonfJohoHkZxP262dzjBX",
--   "at": 2208988802000,
--   "alarm": 2208988803100,
--   "kv": {
--     "format": 2,
--     "stash_id": "762c85a174b8f494eb9cb9fd6e6935f9e0a2a4e36149e84ce2b15e839518df64",
--     "revision": 1,
--     "chain": "8b9d92aa3ae97ff5",
--     "published_at": 2208988802000,
--     "stash": {
--       "name": "deleted",
--       "description": null,
--       "profile": "safeguarded",
--       "created_at": 2208988800000
--     },
--     "items": [
--       {
--         "key": "a",
--         "value": "1",
--         "type": "text/plain;charset=UTF-8",
--         "version": 1
--       }
--     ],
--     "reverts": []
--   }
-- }
CREATE TABLE migration (id TEXT PRIMARY KEY);
CREATE TABLE stash (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        name TEXT, description TEXT, profile TEXT NOT NULL, created_at INTEGER NOT NULL,
        revision INTEGER NOT NULL, item_count INTEGER NOT NULL, bytes INTEGER NOT NULL,
        head_hash TEXT NOT NULL, deleted_at INTEGER
      , freeze TEXT, held_count INTEGER NOT NULL DEFAULT 0, held_bytes INTEGER NOT NULL DEFAULT 0, log_bytes INTEGER NOT NULL DEFAULT 0, anchor_revision INTEGER NOT NULL DEFAULT 0, anchor_hash TEXT, gap INTEGER NOT NULL DEFAULT 0);
CREATE TABLE item (
        key TEXT PRIMARY KEY, value TEXT NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL,
        bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
      );
CREATE TABLE token (
        id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, master INTEGER NOT NULL, created_at INTEGER NOT NULL
      , can TEXT NOT NULL DEFAULT '["write"]', keys TEXT NOT NULL DEFAULT '["*"]', expires_at INTEGER, last_used_at INTEGER, made_by TEXT, line TEXT, holder TEXT, granted INTEGER, ends_as TEXT, ended_at INTEGER);
CREATE TABLE held (
        id TEXT PRIMARY KEY, change TEXT NOT NULL, reason TEXT, made_by TEXT, made_at INTEGER NOT NULL,
        secret_hash TEXT, expires_at INTEGER, due_at INTEGER
      , kind TEXT NOT NULL DEFAULT 'link', keys TEXT NOT NULL DEFAULT '[]', bytes INTEGER NOT NULL DEFAULT 0, decision TEXT, ends INTEGER, approved_by TEXT, broke_glass TEXT, tries INTEGER NOT NULL DEFAULT 0, retry_at INTEGER, asked INTEGER, set_by TEXT, set_by_label TEXT);
CREATE TABLE log (
        revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, actor_id TEXT, actor TEXT NOT NULL,
        held_id TEXT, reason TEXT, hash TEXT NOT NULL
      , format INTEGER NOT NULL DEFAULT 1, detail TEXT, bytes INTEGER NOT NULL DEFAULT 0);
CREATE TABLE change (
        revision INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL,
        before_value TEXT, before_type TEXT, before_version INTEGER, after_value TEXT, after_type TEXT
      , what TEXT NOT NULL DEFAULT 'item');
CREATE TABLE cursor (
        reader TEXT PRIMARY KEY, revision INTEGER NOT NULL, tried_at INTEGER NOT NULL, failures INTEGER NOT NULL,
        pending INTEGER NOT NULL
      , layout INTEGER NOT NULL DEFAULT 0, layout_revision INTEGER NOT NULL DEFAULT -1);
CREATE TABLE answer (
        scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, applied TEXT NOT NULL, at INTEGER NOT NULL, bytes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (scope, key)
      );
CREATE TABLE revert (key TEXT PRIMARY KEY, held_id TEXT NOT NULL);
CREATE TABLE guard (key TEXT PRIMARY KEY, guard TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE hub (
        name TEXT PRIMARY KEY, subscription TEXT NOT NULL, told INTEGER NOT NULL, failures INTEGER NOT NULL,
        tried_at INTEGER NOT NULL
      );
CREATE TABLE refusal (
        scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, refusal TEXT NOT NULL, at INTEGER NOT NULL,
        bytes INTEGER NOT NULL, PRIMARY KEY (scope, key)
      );
INSERT INTO migration (id) VALUES ('001_stash');
INSERT INTO migration (id) VALUES ('002_safeguards');
INSERT INTO migration (id) VALUES ('003_hubs');
INSERT INTO migration (id) VALUES ('004_bounds');
INSERT INTO migration (id) VALUES ('005_people');
INSERT INTO migration (id) VALUES ('006_published');
INSERT INTO migration (id) VALUES ('007_refusals');
INSERT INTO migration (id) VALUES ('008_ends');
INSERT INTO migration (id) VALUES ('009_layout');
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash, gap) VALUES (1, null, null, 'safeguarded', 2208988800000, 2, 0, 0, '8b9d92aa3ae97ff514b9b8048be165431b57ce41e2464fd2d1404b0309a34422', 2208988802000, null, 0, 0, 333, 2, null, 0);
INSERT INTO cursor (reader, revision, tried_at, failures, pending, layout, layout_revision) VALUES ('kv', 1, 2208988802000, 0, 0, 2, 1);
CREATE INDEX held_by_expiry ON held (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX change_by_revision ON change (revision, position);
CREATE INDEX answer_by_time ON answer (at);
CREATE INDEX held_by_decision ON held (decision) WHERE decision IS NOT NULL;
CREATE INDEX held_by_maker ON held (made_by) WHERE made_by IS NOT NULL;
CREATE INDEX revert_by_held ON revert (held_id);
CREATE INDEX change_by_key ON change (what, key, revision);
CREATE INDEX held_by_due ON held (due_at) WHERE due_at IS NOT NULL AND retry_at IS NULL;
CREATE INDEX held_by_retry ON held (retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX answer_by_scope ON answer (scope, at, bytes);
CREATE INDEX held_by_setter ON held (set_by) WHERE set_by IS NOT NULL;
CREATE INDEX refusal_by_time ON refusal (at);
CREATE INDEX refusal_by_scope ON refusal (scope, at, bytes);
CREATE INDEX held_by_end ON held (due_at) WHERE retry_at IS NULL AND kind IN ('revert', 'thaw', 'lapse');
