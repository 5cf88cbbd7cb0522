-- {
--   "id": "ffd70b3a507b99f70218fe43f4067398e0d258ed96dfd7e166be9e2508509936",
--   "token": "swy_clCT6mYxjYtulWKHkkZhfFSklobf1rsO1mZTeg",
--   "steps": [
--     "001_stash",
--     "002_safeguards"
--   ],
--   "at": 2208988802000,
--   "alarm": 2208988920000,
--   "secrets": {
--     "pipeline": "swy_txjK9qlxFG1tugqYC6XlN8pJ3DEtyE5W1rwVE9",
--     "second": "swy_zk0S9zssvSGUdmPfFXdXdrQFd1CJzLVB44crLP",
--     "revoked": "swy_9SydHWUD4lT6QK2o7wgPfJIQnnpLJgic2uiU0K",
--     "expired": "swy_S8zcgupYiVJHz1cJNdmI7uSnLrOvUAYe0Lwr3W",
--     "nested": "swy_TiQmSVJgPxYAJgLG7Q0sMVA9asKWdSrT4XffJ9",
--     "held": "PoLDbJmYNDhJUxEm",
--     "successor": "swy_WxWJJESsEPeg9XpChONvEWWri0Sh7Es54LsQ1S"
--   },
--   "answered": {
--     "key": "on-call",
--     "message": "Item stored",
--     "revision": 8,
--     "version": 8
--   },
--   "link": "https://flags.test/api/update?token=swl_XwVnPxouGDQQ6EixpVfX2pLCqn2YyOjY1oDbG8_ffd70b3a507b99f70218fe43f4067398e0d258ed96dfd7e166be9e2508509936",
--   "kv": {
--     "format": 1,
--     "stash_id": "ffd70b3a507b99f70218fe43f4067398e0d258ed96dfd7e166be9e2508509936",
--     "revision": 25,
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
--         "value": "sale",
--         "type": "text/plain;charset=UTF-8",
--         "version": 20
--       },
--       {
--         "key": "launch",
--         "value": "false",
--         "type": "text/plain;charset=UTF-8",
--         "version": 15
--       },
--       {
--         "key": "limits",
--         "value": "{\"a\": 1}",
--         "type": "application/json",
--         "version": 5
--       },
--       {
--         "key": "maintenance-mode",
--         "value": "true",
--         "type": "text/plain;charset=UTF-8",
--         "version": 19
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
--         "version": 25
--       },
--       {
--         "key": "traffic-target",
--         "value": "green",
--         "type": "text/plain;charset=UTF-8",
--         "version": 23
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
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash) VALUES (1, 'shop', 'it''s one', 'safeguarded', 2208988800000, 25, 7, 94, 'fb0a29e3609b9e606267a66c9207e87ef73ae4d19a313f07bf5f6193977e924b', null, null, 5, 480, 216, 0, null);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('limits', '{"a": 1}', 'application/json', 5, 14, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('on-call', 'alice', 'text/plain;charset=UTF-8', 8, 12, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('launch', 'false', 'text/plain;charset=UTF-8', 15, 11, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('maintenance-mode', 'true', 'text/plain;charset=UTF-8', 19, 20, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('banner', 'sale', 'text/plain;charset=UTF-8', 20, 10, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('traffic-target', 'green', 'text/plain;charset=UTF-8', 23, 19, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('prices', '40', 'text/plain;charset=UTF-8', 25, 8, 2208988800000, 2208988800000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('f7ab67df7cb87c67', 'f7ab67df7cb87c67fef38a071aca6ff926b12c4c58f809e6c6ff13752c3c2470', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', 2208992400000, 2208988800000, null, 'f7ab67df7cb87c67');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('098f6f5a35b127ac', '098f6f5a35b127ac51bfb924926d022bf50c8829f64d429a3adf958e3e8541d2', 'pipeline', 0, 2208988800000, '["write","tokens"]', '["maintenance-*","launch"]', 2216764800000, 2208988800000, 'f7ab67df7cb87c67', '098f6f5a35b127ac');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('8ac77276d9d9c702', '8ac77276d9d9c702a5f215c32b25fd908c81101f87f1b74485c53b711935d9b5', 'second', 0, 2208988800000, '["write","approve"]', '["*"]', null, null, 'f7ab67df7cb87c67', '8ac77276d9d9c702');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('c56c3a8ffb71061a', 'c56c3a8ffb71061a7ce2b7c2fbc6519cfb979ed25b621835900f95ef572089a6', 'expired', 0, 2208988800000, '["write"]', '["*"]', 2208988860000, null, 'f7ab67df7cb87c67', 'c56c3a8ffb71061a');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('219d5b022a5999f7', '219d5b022a5999f7c1a6eac0c8783415b546ed79b4f9eabdb8844dd167f442f7', 'nested', 0, 2208988800000, '["write"]', '["launch"]', 2216764800000, 2208988800000, '098f6f5a35b127ac', '219d5b022a5999f7');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('6f3dc04dbcb3574d', '6f3dc04dbcb3574d090d78ddfb7ac57e2a6bbbbc68398f1cc19282bc88be6c9e', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', null, 2208988800000, 'f7ab67df7cb87c67', 'f7ab67df7cb87c67');
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('PoLDbJmYNDhJUxEm', '{"kind":"put","key":"launch","value":"true","type":"text/plain;charset=UTF-8"}', 'go', '219d5b022a5999f7', 2208988800000, null, 2209075200000, 2209075200000, 'approval', '["launch"]', 78, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('revert-19', '{"kind":"patch","changes":[{"key":"maintenance-mode","value":"false","type":"text/plain;charset=UTF-8"}]}', 'the 1h of revision 19 are over: deploy', null, 2208988800000, null, null, 2208992400000, 'revert', '["maintenance-mode"]', 105, null, 19, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('revert-20', '{"kind":"patch","changes":[{"key":"banner","value":"grüß Gott \"friend\"","type":"text/plain;charset=UTF-8"}]}', 'the 2m of revision 20 are over', null, 2208988800000, null, null, 2208988920000, 'revert', '["banner"]', 112, null, 20, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('YSHjpMUUUfIsX9Yf', '{"kind":"put","key":"on-call","value":"bob","type":"text/plain;charset=UTF-8","at":2208999600000}', null, '6f3dc04dbcb3574d', 2208988800000, null, null, 2208999600000, 'schedule', '["on-call"]', 97, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('fc219be8f98e61d2', '{"kind":"put","key":"traffic-target","value":"yellow","type":"text/plain;charset=UTF-8"}', null, '6f3dc04dbcb3574d', 2208988800000, 'fc219be8f98e61d248e07cbc9c13733f00f3bd62ba63c3c9ef97ce5574333731', 2208989700000, null, 'link', '["traffic-target"]', 88, null, null, null, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (1, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, 'week 1', '2c03855030ec744e266eda88660610a2cdaeb8e9738483d9b65c7b15bfc66619', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (2, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, '05c8e86c5fa2d0bd65eacfc32f91ce1e9632a845958c81691bd1b5d966c48951', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (3, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, 'c074f3ba80b38bdd893031fe2c69958dae37042722c166931447ad8cce7685c8', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (4, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, '1573334fda40fd6b149ff6064e1b34e28b08f8f0b2f624131cf67961eb98551b', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (5, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, 'e6bfc6930efa20e1459a0c8dc14fc7f687348bec133e5e884fa6b541b106a2cb', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (6, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, '780fb167d30dfed681bfb3a2db77878db46233fd2b98ef6fb49c31a77566916c', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (7, 2208988800000, 'delete', 'f7ab67df7cb87c67', 'master', null, null, '979cdd7cd882334bb79ffe9038d4c0bc04b1fd738e45f38a23f780617c216cd7', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (8, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, 'd4981114c4c4fa1e7b744624292b081b99ddc8c4b1f5e650d523da877daa7107', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (9, 2208988800000, 'add_token', 'f7ab67df7cb87c67', 'master', null, null, 'bfbf0b86b0e71dedb71b4324f9aa0ad0d927d708b0e254251f61dfd9930ff72e', 2, '{"token":{"id":"098f6f5a35b127ac","label":"pipeline","can":["write","tokens"],"keys":["maintenance-*","launch"],"expiresAt":2216764800000}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (10, 2208988800000, 'add_token', 'f7ab67df7cb87c67', 'master', null, null, 'cf349caf99ade6ba7877bf1fec3e344d2ceb0c7e4087e441d953ffaa91ecc281', 2, '{"token":{"id":"8ac77276d9d9c702","label":"second","can":["write","approve"],"keys":["*"],"expiresAt":null}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (11, 2208988800000, 'add_token', 'f7ab67df7cb87c67', 'master', null, null, '0bb76dfdb26329ad409b0a63f916bacb349db6888738ac92bedab021b1e1524e', 2, '{"token":{"id":"d987ba5279f01a75","label":"revoked","can":["write"],"keys":["*"],"expiresAt":null}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (12, 2208988800000, 'add_token', 'f7ab67df7cb87c67', 'master', null, null, 'b446e60a871b568023288a0c5ea6961b07f7e1d5f80a6ee96e1bb69d16611111', 2, '{"token":{"id":"c56c3a8ffb71061a","label":"expired","can":["write"],"keys":["*"],"expiresAt":2208988860000}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (13, 2208988800000, 'revoke_token', 'f7ab67df7cb87c67', 'master', null, null, '2e403c6376f0776e355e33c61c1d0dc3b29294a07a765e63ca4b90ee93338ec6', 2, '{"token":{"id":"d987ba5279f01a75","label":"revoked","can":["write"],"keys":["*"],"expiresAt":null}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (14, 2208988800000, 'add_token', '098f6f5a35b127ac', 'pipeline', null, null, '20486eead13844ea5bac7d9c1e56d6fcbaf5452fae42d30693ee0ca892d4981c', 2, '{"token":{"id":"219d5b022a5999f7","label":"nested","can":["write"],"keys":["launch"],"expiresAt":2216764800000}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (15, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, '2e08cd96fd74bb62acafd577849359e71f400ce697df322e36c3ef4684bc0351', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (16, 2208988800000, 'set_guard', 'f7ab67df7cb87c67', 'master', null, null, '26a6a23945ae7d7e2d8ad517aa415983fdd93b3b1fb097fedf23f4b4d5a1f65e', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (17, 2208988800000, 'set_guard', 'f7ab67df7cb87c67', 'master', null, null, '4492f41138a337f7438722c6da236b47db3bce1e985b20c46e859947e56b667e', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (18, 2208988800000, 'set_guard', 'f7ab67df7cb87c67', 'master', null, null, '070918dc5ba740db260de0ee7409b68bac898605dd5c2d90ca4b77d3dd601918', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (19, 2208988800000, 'put', '098f6f5a35b127ac', 'pipeline', null, 'deploy', '0572984ee10144d8dd12255260cc5d0430ee89d79d22e5d7ac11838eb5c01b11', 2, '{"revertsAt":2208992400000}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (20, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, '4a344dbe1fdcebc8600dad63703bd77714c08b685b1d0ee574c0cba229e85058', 2, '{"revertsAt":2208988920000}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (21, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, 'f6b6522bc618e0769a23af80aa84ce928e3b2527c5a8d676f3b0ca8bdb3ba6a7', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (22, 2208988800000, 'put', 'f7ab67df7cb87c67', 'master', null, null, 'd382354d156567e715a05f02c096d0039bf6592a78d9519b2eddd75960fea4e9', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (23, 2208988800000, 'undo', 'f7ab67df7cb87c67', 'master', null, null, 'cf55fc6a8c2f76499b9b237183536e79881beac16346cdb066be53fd84e9eeca', 2, '{"undoes":22}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (24, 2208988800000, 'rotate_master', 'f7ab67df7cb87c67', 'master', null, null, '66c547620c696e31d531723fc58653cf67e53a8b68d66273d14430cbc22b5463', 2, '{"token":{"id":"6f3dc04dbcb3574d","label":"master","can":["write","approve","guard","freeze","break_glass","tokens"],"keys":["*"],"expiresAt":null},"oldUntil":2208992400000}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (25, 2208988800000, 'put', '6f3dc04dbcb3574d', 'master', '5e95a80d3a860d33', null, 'fb0a29e3609b9e606267a66c9207e87ef73ae4d19a313f07bf5f6193977e924b', 2, '{"via":"link"}');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (1, 0, 'maintenance-mode', null, null, null, 'false', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (2, 0, 'traffic-target', null, null, null, 'blue', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (3, 0, 'prices', null, null, null, '50', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (4, 0, 'banner', null, null, null, 'grüß Gott "friend"', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (5, 0, 'limits', null, null, null, '{"a": 1}', 'application/json', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (6, 0, 'gone', null, null, null, 'x', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (7, 0, 'gone', 'x', 'text/plain;charset=UTF-8', 6, null, null, 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (8, 0, 'on-call', null, null, null, 'alice', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (15, 0, 'launch', null, null, null, 'false', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (16, 0, 'launch', null, null, null, '{"type":"boolean","approvals":1}', '', 'guard');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (17, 0, 'prices', null, null, null, '{"type":"percentage"}', '', 'guard');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (18, 0, 'maintenance-mode', null, null, null, '{"type":"boolean","safe_value":"false","max_for":"2h"}', '', 'guard');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (19, 0, 'maintenance-mode', 'false', 'text/plain;charset=UTF-8', 1, 'true', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (20, 0, 'banner', 'grüß Gott "friend"', 'text/plain;charset=UTF-8', 4, 'sale', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (21, 0, 'traffic-target', 'blue', 'text/plain;charset=UTF-8', 2, 'green', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (22, 0, 'traffic-target', 'green', 'text/plain;charset=UTF-8', 21, 'red', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (23, 0, 'traffic-target', 'red', 'text/plain;charset=UTF-8', 22, 'green', 'text/plain;charset=UTF-8', 'item');
INSERT INTO change (revision, position, key, before_value, before_type, before_version, after_value, after_type, what) VALUES (25, 0, 'prices', '50', 'text/plain;charset=UTF-8', 3, '40', 'text/plain;charset=UTF-8', 'item');
INSERT INTO cursor (reader, revision, tried_at, failures, pending) VALUES ('kv', 25, 2208988802000, 0, 0);
INSERT INTO answer (scope, key, fingerprint, applied, at) VALUES ('f7ab67df7cb87c67', 'page-1', 'cb852391717234d85f2dfeb157a0f47568e52edab12f805526138911200d6926', '{"revision":8,"changed":["on-call"],"did":"put"}', 2208988800000);
INSERT INTO revert (key, held_id) VALUES ('maintenance-mode', 'revert-19');
INSERT INTO revert (key, held_id) VALUES ('banner', 'revert-20');
INSERT INTO guard (key, guard, version) VALUES ('launch', '{"type":"boolean","approvals":1}', 16);
INSERT INTO guard (key, guard, version) VALUES ('prices', '{"type":"percentage"}', 17);
INSERT INTO guard (key, guard, version) VALUES ('maintenance-mode', '{"type":"boolean","safe_value":"false","max_for":"2h"}', 18);
CREATE INDEX held_by_due ON held (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX held_by_expiry ON held (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX change_by_revision ON change (revision, position);
CREATE INDEX answer_by_time ON answer (at);
CREATE INDEX held_by_decision ON held (decision) WHERE decision IS NOT NULL;
CREATE INDEX held_by_maker ON held (made_by) WHERE made_by IS NOT NULL;
CREATE INDEX revert_by_held ON revert (held_id);
CREATE INDEX change_by_key ON change (what, key, revision);
