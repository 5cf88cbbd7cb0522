-- {
--   "id": "cc0dcd5fbfd3c677dae9df34f38952c07e7841605e3b08cc34b5cd7087dc8d0c",
--   "token": "swy_sBYEZwMvABs6LurZalPNVQjSIXTp8TpJ089Bmn",
--   "at": 2208988802000,
--   "alarm": 2208992400000,
--   "kv": {
--     "format": 2,
--     "stash_id": "cc0dcd5fbfd3c677dae9df34f38952c07e7841605e3b08cc34b5cd7087dc8d0c",
--     "revision": 2,
--     "chain": "df4e643b6a92412e",
--     "published_at": 2208988802000,
--     "stash": {
--       "name": "frozen",
--       "description": null,
--       "profile": "safeguarded",
--       "created_at": 2208988800000,
--       "freeze": {
--         "until": 2208992400000,
--         "reason": null
--       }
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
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash, gap) VALUES (1, 'frozen', null, 'safeguarded', 2208988800000, 2, 1, 2, 'df4e643b6a92412ed13f3c93187be5ccf2888f9d807d2c9da098e32ba5b2c82c', null, '{"until":2208992400000,"reason":"launch","by":"master"}', 0, 0, 611, 0, null, 0);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('a', '1', 'text/plain;charset=UTF-8', 1, 2, 2208988800000, 2208988800000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('60ae86e057333488', '60ae86e057333488e711ab74e66480f78e85f9165b670a3eb3c28dd72dc9a276', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', null, 2208988800000, null, '60ae86e057333488', '60ae86e057333488', 0, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('thaw', '{"kind":"thaw"}', 'its time is over', null, 2208988800000, null, null, 2208992400000, 'thaw', '[]', 15, null, null, null, null, 0, null, null, null, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (1, 2208988800000, 'put', '60ae86e057333488', 'master', null, null, '8bf6babba5826f2c99093d126c3bf7587ac12ce8e84ed7c82975be3d9d35a494', 2, null, 333);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (2, 2208988800000, 'freeze', '60ae86e057333488', 'master', null, 'launch', 'df4e643b6a92412ed13f3c93187be5ccf2888f9d807d2c9da098e32ba5b2c82c', 2, '{"freeze":{"until":2208992400000,"reason":"launch","by":"master"}}', 278);
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (1, 0, 'a', null, null, null, '1', 'text/plain;charset=UTF-8', 'item');
INSERT INTO cursor (reader, revision, tried_at, failures, pending, layout, layout_revision) VALUES ('kv', 2, 2208988802000, 0, 0, 2, 2);
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
