-- {
--   "id": "0efafe2fe9d03d11eca2ab9e6cb3c431aa2c982bf6a53efa9f7d4926fb86ceb8",
--   "token": "swy_T1QsW1M5RxZgsp1JYcQthh23B4lX8KMM4DwdIc",
--   "at": 2211494402000,
--   "alarm": 2211494462000,
--   "link": "https://flags.test/api/update?token=swl_QyUufwsCvaIi6GVzOWqYcBiqdLJKgjXR3otaZR_0efafe2fe9d03d11eca2ab9e6cb3c431aa2c982bf6a53efa9f7d4926fb86ceb8",
--   "kv": {
--     "format": 2,
--     "stash_id": "0efafe2fe9d03d11eca2ab9e6cb3c431aa2c982bf6a53efa9f7d4926fb86ceb8",
--     "revision": 2,
--     "chain": "4b3f306f9dcaee2c",
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
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash, gap) VALUES (1, null, null, 'wrendb', 2208988800000, 2, 2, 11, '4b3f306f9dcaee2c80d911170178919f75c1791729fde0b125e3f6a14eb8ef04', null, null, 1, 73, 686, 0, null, 0);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('early', '1', 'text/plain;charset=UTF-8', 1, 6, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('late', '2', 'text/plain;charset=UTF-8', 2, 5, 2211494400000, 2211494400000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('ab3f8002549550fb', 'ab3f8002549550fb179b2a4a45badcd2aadc350a30eb23df5e143b0bf57f8e52', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', null, 2211494400000, null, 'ab3f8002549550fb', 'ab3f8002549550fb', 0, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('lapse:early', '{"kind":"delete","key":"early"}', 'not written for 30 days', null, 2208988800000, null, null, 2211580800000, 'lapse', '["early"]', 31, null, null, null, null, 0, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('lapse:late', '{"kind":"delete","key":"late"}', 'not written for 30 days', null, 2211494400000, null, null, 2214086400000, 'lapse', '["late"]', 30, null, null, null, null, 0, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('dbb593bfc29f161e', '{"kind":"put","key":"late","value":"3","type":"text/plain;charset=UTF-8"}', null, 'ab3f8002549550fb', 2211494400000, 'dbb593bfc29f161e0c33b5cb79af975db22b9c83ab42d2043ff7c3933d27c1c9', 2211495300000, null, 'link', '["late"]', 73, null, null, null, null, 0, null, 2, null, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (1, 2208988800000, 'put', null, 'anonymous', null, null, 'b032c73ec1b7a2e9d7c4f80643a99771a509945bc9b77e5759a0e3e3c9241145', 2, null, 344);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (2, 2211494400000, 'put', null, 'anonymous', null, null, '4b3f306f9dcaee2c80d911170178919f75c1791729fde0b125e3f6a14eb8ef04', 2, null, 342);
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (1, 0, 'early', null, null, null, '1', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (2, 0, 'late', null, null, null, '2', 'text/plain;charset=UTF-8', 'item');
INSERT INTO cursor (reader, revision, tried_at, failures, pending, layout, layout_revision) VALUES ('kv', 2, 2211494402000, 0, 0, 2, 2);
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
