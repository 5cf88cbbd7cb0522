-- {
--   "id": "d89d0d7c28a8871a011f64744ddffb0122c43c48206e4ca82d0113e6f0f30761",
--   "token": "swy_gsO4r33iauyXxjoh0T94RBUjgoeKGpiv1LoXa5",
--   "steps": [
--     "001_stash"
--   ],
--   "at": 2208988802000,
--   "alarm": null,
--   "secrets": {},
--   "answered": {
--     "key": "on-call",
--     "message": "Item stored",
--     "revision": 8,
--     "version": 8
--   },
--   "link": "https://flags.test/api/update?token=swl_K8CaJgktsrJ6cksFyl8qSYrgm6FxE25Q0zFTc3_d89d0d7c28a8871a011f64744ddffb0122c43c48206e4ca82d0113e6f0f30761",
--   "kv": {
--     "format": 1,
--     "stash_id": "d89d0d7c28a8871a011f64744ddffb0122c43c48206e4ca82d0113e6f0f30761",
--     "revision": 9,
--     "published_at": 2208988802000,
--     "stash": {
--       "name": "shop",
--       "description": "it's one",
--       "profile": "safeguarded",
--       "created_at": 2208988800000
--     },
--     "items": [
--       {
--         "key": "banner",
--         "value": "grüß Gott \"friend\"",
--         "type": "text/plain;charset=UTF-8",
--         "version": 4
--       },
--       {
--         "key": "limits",
--         "value": "{\"a\": 1}",
--         "type": "application/json",
--         "version": 5
--       },
--       {
--         "key": "maintenance-mode",
--         "value": "false",
--         "type": "text/plain;charset=UTF-8",
--         "version": 1
--       },
--       {
--         "key": "on-call",
--         "value": "alice",
--         "type": "text/plain;charset=UTF-8",
--         "version": 8
--       },
--       {
--         "key": "prices",
--         "value": "40",
--         "type": "text/plain;charset=UTF-8",
--         "version": 9
--       },
--       {
--         "key": "traffic-target",
--         "value": "blue",
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
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at) VALUES (1, 'shop', 'it''s one', 'safeguarded', 2208988800000, 9, 6, 99, 'c1a60ef845575255a3e73122716be996c69b15a14b468e8ce3c6c61382627347', null);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('maintenance-mode', 'false', 'text/plain;charset=UTF-8', 1, 21, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('traffic-target', 'blue', 'text/plain;charset=UTF-8', 2, 18, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('banner', 'grüß Gott "friend"', 'text/plain;charset=UTF-8', 4, 26, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('limits', '{"a": 1}', 'application/json', 5, 14, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('on-call', 'alice', 'text/plain;charset=UTF-8', 8, 12, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('prices', '40', 'text/plain;charset=UTF-8', 9, 8, 2208988800000, 2208988800000);
INSERT INTO token (id, hash, label, master, created_at) VALUES ('7499a018881fb787', '7499a018881fb787963562b87a5d7bed8c61bfab0def57ef3cd9ee3d42882833', 'master', 1, 2208988800000);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at) VALUES ('d5fda026850d5160', '{"kind":"put","key":"traffic-target","value":"yellow","type":"text/plain;charset=UTF-8"}', null, '7499a018881fb787', 2208988800000, 'd5fda026850d5160dbdc4aacb7ff8609425a73c4739a79a5d37453ac2cd017fb', 2208989700000, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (1, 2208988800000, 'put', '7499a018881fb787', 'master', null, 'week 1', '94cce1b6b7b6c95de5784614e62e7c4af06d12049f69352196bfbf701f10e01a');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (2, 2208988800000, 'put', '7499a018881fb787', 'master', null, null, 'ef426275d4a374ce1115fbf499ca7a0fb3d4bd7d9fd0cd1b0cccc8271cc1978b');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (3, 2208988800000, 'put', '7499a018881fb787', 'master', null, null, 'a98264f221978668b1bb2472dbb2dd53be05ab0ce4f813e4e6fd75d0ca96e583');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (4, 2208988800000, 'put', '7499a018881fb787', 'master', null, null, '644173a7184375f028a419d30d7956d30399e996a12d84eb5516a53c1b15fcce');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (5, 2208988800000, 'put', '7499a018881fb787', 'master', null, null, '6263d6c6f46fb960997955e41ebc58ce3169c42084cf356fc578e261061f9a1b');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (6, 2208988800000, 'put', '7499a018881fb787', 'master', null, null, 'e4f82419c600b5dee8a6724c71bd17d6851d99ea3b860ca7e6f660e40195844e');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (7, 2208988800000, 'delete', '7499a018881fb787', 'master', null, null, '0c707df65d16faa7afc66660070fb8abdcdb66458f60a4aba03dfab5b011bb8c');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (8, 2208988800000, 'put', '7499a018881fb787', 'master', null, null, '5d4e1e25d8352aa348e27f841fa40ce428158ea56f4a1cc44cf70aec2b88c62c');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash) VALUES (9, 2208988800000, 'put', '7499a018881fb787', 'master', '54dab0b2b1a5ba9e', null, 'c1a60ef845575255a3e73122716be996c69b15a14b468e8ce3c6c61382627347');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (1, 0, 'maintenance-mode', null, null, null, 'false', 'text/plain;charset=UTF-8');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (2, 0, 'traffic-target', null, null, null, 'blue', 'text/plain;charset=UTF-8');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (3, 0, 'prices', null, null, null, '50', 'text/plain;charset=UTF-8');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (4, 0, 'banner', null, null, null, 'grüß Gott "friend"', 'text/plain;charset=UTF-8');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (5, 0, 'limits', null, null, null, '{"a": 1}', 'application/json');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (6, 0, 'gone', null, null, null, 'x', 'text/plain;charset=UTF-8');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (7, 0, 'gone', 'x', 'text/plain;charset=UTF-8', 6, null, null);
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (8, 0, 'on-call', null, null, null, 'alice', 'text/plain;charset=UTF-8');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type) VALUES (9, 0, 'prices', '50', 'text/plain;charset=UTF-8', 3, '40', 'text/plain;charset=UTF-8');
INSERT INTO cursor (reader, revision, tried_at, failures, pending) VALUES ('kv', 9, 2208988802000, 0, 0);
INSERT INTO answer (scope, key, fingerprint, applied, at) VALUES ('7499a018881fb787', 'page-1', 'cb852391717234d85f2dfeb157a0f47568e52edab12f805526138911200d6926', '{"revision":8,"changed":["on-call"]}', 2208988800000);
CREATE INDEX held_by_due ON held (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX held_by_expiry ON held (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX change_by_revision ON change (revision, position);
CREATE INDEX change_by_key ON change (key, revision);
CREATE INDEX answer_by_time ON answer (at);
