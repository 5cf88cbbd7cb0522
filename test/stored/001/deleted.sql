-- {
--   "id": "edd5bb3c1398cc34f5543d545ebde4d85b3efddf9d001d907faf522fa9fa1b25",
--   "token": "swy_FMN0dQnaEoOREMFa0AK0Jete46L4MIFV1sfPFy",
--   "at": 2208988802000,
--   "alarm": 2208988803100,
--   "kv": {
--     "format": 1,
--     "stash_id": "edd5bb3c1398cc34f5543d545ebde4d85b3efddf9d001d907faf522fa9fa1b25",
--     "revision": 1,
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
--     ]
--   }
-- }
CREATE TABLE migration (id TEXT PRIMARY KEY);
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
CREATE TABLE log (
        revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, actor_id TEXT, actor TEXT NOT NULL,
        held_id TEXT, reason TEXT, hash TEXT NOT NULL
      );
CREATE TABLE change (
        revision INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL,
        before_value TEXT, before_type TEXT, before_version INTEGER, after_value TEXT, after_type TEXT
      );
CREATE TABLE cursor (
        reader TEXT PRIMARY KEY, revision INTEGER NOT NULL, tried_at INTEGER NOT NULL, failures INTEGER NOT NULL,
        pending INTEGER NOT NULL
      );
CREATE TABLE answer (
        scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, applied TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (scope, key)
      );
INSERT INTO migration (id) VALUES ('001_stash');
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at) VALUES (1, null, null, 'safeguarded', 2208988800000, 2, 0, 0, 'fb7fef84b55f82f80304ba0a31828c2c20f030a3c5a517b9c0cc18f79ef51973', 2208988802000);
INSERT INTO cursor (reader, revision, tried_at, failures, pending) VALUES ('kv', 1, 2208988802000, 0, 0);
CREATE INDEX held_by_due ON held (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX held_by_expiry ON held (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX change_by_revision ON change (revision, position);
CREATE INDEX change_by_key ON change (key, revision);
CREATE INDEX answer_by_time ON answer (at);
