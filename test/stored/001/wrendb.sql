-- {
--   "id": "f63e39306e3f69790c351852715c15ba3897e531601527c087677acf39ed2c36",
--   "token": "swy_C6fMGMNKUUdBO1dgJEqBbJLjaoBoWJqb1aUYP7",
--   "at": 2211494402000,
--   "alarm": 2211580800000,
--   "link": "https://flags.test/api/update?token=swl_X2t9EDWp0bSx1ufvZ2yKf5FuQiB3ZB6C42L5qj_f63e39306e3f69790c351852715c15ba3897e531601527c087677acf39ed2c36",
--   "kv": {
--     "format": 1,
--     "stash_id": "f63e39306e3f69790c351852715c15ba3897e531601527c087677acf39ed2c36",
--     "revision": 2,
--     "published_at": 2211494402000,
--     "stash": {
--       "name": null,
--       "description": null,
--       "profile": "wrendb",
--       "created_at": 2208988800000
--     },
--     "items": [
--       {
--         "key": "early",
--         "value": "1",
--         "type": "text/plain;charset=UTF-8",
--         "version": 1
--       },
--       {
--         "key": "late",
--         "value": "2",
--         "type": "text/plain;charset=UTF-8",
--         "version": 2
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
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at) VALUES (1, null, null, 'wrendb', 2208988800000, 2, 2, 11, 'd7efb42816b249f5a2005316b4c3a009cca20a3d0840f1f9b8a93684eac78c75', null);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('early', '1', 'text/plain;charset=UTF-8', 1, 6, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('late', '2', 'text/plain;charset=UTF-8', 2, 5, 2211494400000, 2211494400000);
INSERT INTO token (id, hash, label, master, created_at) VALUES ('798a9a8b6c7e4d56', '798a9a8b6c7e4d56d12b46cba4a01dca440a784c036d22e0857eab3274c6dde7', 'master', 1, 2208988800000);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at) VALUES ('lapse:early', '{"kind":"delete","key":"early"}', 'not written for 30 days', null, 2208988800000, null, null, 2211580800000);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at) VALUES ('lapse:late', '{"kind":"delete","key":"late"}', 'not written for 30 days', null, 2211494400000, null, null, 2214086400000);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at) VALUES ('ce95309a383ebf57', '{"kind":"put","key":"late","value":"3","type":"text/plain;charset=UTF-8"}', null, '798a9a8b6c7e4d56', 2211494400000, 'ce95309a383ebf5762d3e928b60699b7cf00197f98d8915ca27f3d08137712b7', 2211495300000, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (1, 2208988800000, 'put', null, 'anonymous', null, null, '891cc94c519103e94793d6dad7d9ea1552a3126aecd5f3da6fb4c876266e1062');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (2, 2211494400000, 'put', null, 'anonymous', null, null, 'd7efb42816b249f5a2005316b4c3a009cca20a3d0840f1f9b8a93684eac78c75');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (1, 0, 'early', null, null, null, '1', 'text/plain;charset=UTF-8');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (2, 0, 'late', null, null, null, '2', 'text/plain;charset=UTF-8');
INSERT INTO cursor (reader, revision, tried_at, failures, pending) VALUES ('kv', 2, 2211494402000, 0, 0);
CREATE INDEX held_by_due ON held (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX held_by_expiry ON held (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX change_by_revision ON change (revision, position);
CREATE INDEX change_by_key ON change (key, revision);
CREATE INDEX answer_by_time ON answer (at);
