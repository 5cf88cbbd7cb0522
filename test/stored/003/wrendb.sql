-- {
--   "id": "b7fcedd0db9fc68d04867fa2ec5f7cd0ceb3532b9a039681b5bdea2c8088f745",
--   "token": "swy_2m9mFSwngCQ2xsV9qT44u6WKhFdsOZ0r3FexoF",
--   "at": 2211494402000,
--   "alarm": 2211580800000,
--   "link": "https://flags.test/api/update?token=swl_MCQzTxKbJMrz5N0z1kxMqryL5l2Fef4u01kolA_b7fcedd0db9fc68d04867fa2ec5f7cd0ceb3532b9a039681b5bdea2c8088f745",
--   "kv": {
--     "format": 2,
--     "stash_id": "b7fcedd0db9fc68d04867fa2ec5f7cd0ceb3532b9a039681b5bdea2c8088f745",
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
CREATE TABLE hub (
        name TEXT PRIMARY KEY, subscription TEXT NOT NULL, told INTEGER NOT NULL, failures INTEGER NOT NULL,
        tried_at INTEGER NOT NULL
      );
INSERT INTO migration (id) VALUES ('001_stash');
INSERT INTO migration (id) VALUES ('002_safeguards');
INSERT INTO migration (id) VALUES ('003_hubs');
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash) VALUES (1, null, null, 'wrendb', 2208988800000, 2, 2, 11, '5dd5484f3221dcc3ca53cf2b8f0a8c0354024789f24a191bff6948dc830c3827', null, null, 1, 73, 2, 0, null);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('early', '1', 'text/plain;charset=UTF-8', 1, 6, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('late', '2', 'text/plain;charset=UTF-8', 2, 5, 2211494400000, 2211494400000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('1eeb395237e154f8', '1eeb395237e154f810874feb6a19ba96fc086515831add6b92112ad9d3dc19f8', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', null, 2211494400000, null, '1eeb395237e154f8');
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('lapse:early', '{"kind":"delete","key":"early"}', 'not written for 30 days', null, 2208988800000, null, null, 2211580800000, 'lapse', '["early"]', 31, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('lapse:late', '{"kind":"delete","key":"late"}', 'not written for 30 days', null, 2211494400000, null, null, 2214086400000, 'lapse', '["late"]', 30, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('fa0e8e6245477cac', '{"kind":"put","key":"late","value":"3","type":"text/plain;charset=UTF-8"}', null, '1eeb395237e154f8', 2211494400000, 'fa0e8e6245477cacad71274638780d401db2821776600cd6f3ca70759d6c3ba2', 2211495300000, null, 'link', '["late"]', 73, null, null, null, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (1, 2208988800000, 'put', null, 'anonymous', null, null, 'baf61f92b023e0f93555580109f3bfa965dcad271a4b66b90c9f04d84638bbd5', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (2, 2211494400000, 'put', null, 'anonymous', null, null, '5dd5484f3221dcc3ca53cf2b8f0a8c0354024789f24a191bff6948dc830c3827', 2, null);
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
