-- {
--   "id": "8ccec2454745dc562b1e543864a54167838add8a26e36861294df6d5635ecb32",
--   "token": "swy_lCg0Tx6y9wnutNTYaBF4OT19wp36qG7I1p2y5P",
--   "at": 2211494402000,
--   "alarm": 2211580800000,
--   "link": "https://flags.test/api/update?token=swl_VioLfTSKjBxuN8sof1MtABBZiFGjCgKu3DOdB8_8ccec2454745dc562b1e543864a54167838add8a26e36861294df6d5635ecb32",
--   "kv": {
--     "format": 1,
--     "stash_id": "8ccec2454745dc562b1e543864a54167838add8a26e36861294df6d5635ecb32",
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
      , freeze TEXT, held_count INTEGER NOT NULL DEFAULT 0, held_bytes INTEGER NOT NULL DEFAULT 0, log_bytes INTEGER NOT NULL DEFAULT 0, anchor_revision INTEGER NOT NULL DEFAULT 0, anchor_hash TEXT);
CREATE TABLE item (
        key TEXT PRIMARY KEY, value TEXT NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL,
        bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
      );
CREATE TABLE token (
        id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, master INTEGER NOT NULL, created_at INTEGER NOT NULL
      , can TEXT NOT NULL DEFAULT '["write"]', keys TEXT NOT NULL DEFAULT '["*"]', expires_at INTEGER, last_used_at INTEGER, made_by TEXT, line TEXT);
CREATE TABLE held (
        id TEXT PRIMARY KEY, change TEXT NOT NULL, reason TEXT, made_by TEXT, made_at INTEGER NOT NULL,
        secret_hash TEXT, expires_at INTEGER, due_at INTEGER
      , kind TEXT NOT NULL DEFAULT 'link', keys TEXT NOT NULL DEFAULT '[]', bytes INTEGER NOT NULL DEFAULT 0, decision TEXT, ends INTEGER, approved_by TEXT, broke_glass TEXT);
CREATE TABLE log (
        revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, actor_id TEXT, actor TEXT NOT NULL,
        held_id TEXT, reason TEXT, hash TEXT NOT NULL
      , format INTEGER NOT NULL DEFAULT 1, detail TEXT);
CREATE TABLE change (
        revision INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL,
        before_value TEXT, before_type TEXT, before_version INTEGER, after_value TEXT, after_type TEXT
      , what TEXT NOT NULL DEFAULT 'item');
CREATE TABLE cursor (
        reader TEXT PRIMARY KEY, revision INTEGER NOT NULL, tried_at INTEGER NOT NULL, failures INTEGER NOT NULL,
        pending INTEGER NOT NULL
      );
CREATE TABLE answer (
        scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, applied TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (scope, key)
      );
CREATE TABLE revert (key TEXT PRIMARY KEY, held_id TEXT NOT NULL);
CREATE TABLE guard (key TEXT PRIMARY KEY, guard TEXT NOT NULL, version INTEGER NOT NULL);
INSERT INTO migration (id) VALUES ('001_stash');
INSERT INTO migration (id) VALUES ('002_safeguards');
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash) VALUES (1, null, null, 'wrendb', 2208988800000, 2, 2, 11, '6f77d042237bb5fc619275f4def8aaf38dcf921c2a2f09a022e3bee78358fd15', null, null, 1, 73, 2, 0, null);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('early', '1', 'text/plain;charset=UTF-8', 1, 6, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('late', '2', 'text/plain;charset=UTF-8', 2, 5, 2211494400000, 2211494400000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('339db10afdc33cfc', '339db10afdc33cfc3b69f906ddedfdec1938a0a555279d74d7643b9489a7f873', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', null, 2211494400000, null, '339db10afdc33cfc');
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('lapse:early', '{"kind":"delete","key":"early"}', 'not written for 30 days', null, 2208988800000, null, null, 2211580800000, 'lapse', '["early"]', 31, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('lapse:late', '{"kind":"delete","key":"late"}', 'not written for 30 days', null, 2211494400000, null, null, 2214086400000, 'lapse', '["late"]', 30, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('3ae71f31ad46f904', '{"kind":"put","key":"late","value":"3","type":"text/plain;charset=UTF-8"}', null, '339db10afdc33cfc', 2211494400000, '3ae71f31ad46f904ef8073954149ffe766c66f6ba4ba0e128f6e62158a8657a1', 2211495300000, null, 'link', '["late"]', 73, null, null, null, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (1, 2208988800000, 'put', null, 'anonymous', null, null, '8782158b0ef6ebbb6f266ca67968b78ba763bdb40a60a8fb400b993f9ccd3f0c', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (2, 2211494400000, 'put', null, 'anonymous', null, null, '6f77d042237bb5fc619275f4def8aaf38dcf921c2a2f09a022e3bee78358fd15', 2, null);
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (1, 0, 'early', null, null, null, '1', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (2, 0, 'late', null, null, null, '2', 'text/plain;charset=UTF-8', 'item');
INSERT INTO cursor (reader, revision, tried_at, failures, pending) VALUES ('kv', 2, 2211494402000, 0, 0);
CREATE INDEX held_by_due ON held (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX held_by_expiry ON held (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX change_by_revision ON change (revision, position);
CREATE INDEX answer_by_time ON answer (at);
CREATE INDEX held_by_decision ON held (decision) WHERE decision IS NOT NULL;
CREATE INDEX held_by_maker ON held (made_by) WHERE made_by IS NOT NULL;
CREATE INDEX revert_by_held ON revert (held_id);
CREATE INDEX change_by_key ON change (what, key, revision);
