-- {
--   "id": "23fb8ff41ad6fff7178404fa204ea0b5a7f0026cd80ae3503d1263874c24985c",
--   "token": "swy_eQa1DJsMeQUKScZy4t6CKuW45kTctOeu1Gehe6",
--   "steps": [
--     "001_stash",
--     "002_safeguards",
--     "003_hubs"
--   ],
--   "at": 2208988802000,
--   "alarm": 2208988920000,
--   "secrets": {
--     "pipeline": "swy_5fwpgyvqAXArGxCYo7iWM1IwdBH9Yd6d30IktL",
--     "second": "swy_6lPQoUltNK4b39PO2zfIoMh3NIH0QbL02Ounvu",
--     "revoked": "swy_am6GqMZ2PzHknlr7FqhxaiclM8vU02Uw4MVslO",
--     "expired": "swy_47Jr4PO4Y9WlzV8e1kyCdfpmSDcdbOsk0XcXdh",
--     "nested": "swy_SahYHvwkeBI5SxugJBqmopKsgYnQgd504ab2k2",
--     "held": "b4sZWO7vuWCUWAmV",
--     "successor": "swy_i1rJYL4zIfnXI2ylGb66XCZGJ7kdJfPS394szu"
--   },
--   "answered": {
--     "key": "on-call",
--     "message": "Item stored",
--     "revision": 8,
--     "version": 8
--   },
--   "link": "https://flags.test/api/update?token=swl_pLvqzask1HTt62kJPHrkV3jqReWYWqDG2J6eEg_23fb8ff41ad6fff7178404fa204ea0b5a7f0026cd80ae3503d1263874c24985c",
--   "kv": {
--     "format": 2,
--     "stash_id": "23fb8ff41ad6fff7178404fa204ea0b5a7f0026cd80ae3503d1263874c24985c",
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
--         "version": 15,
--         "guard": "boolean"
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
--         "version": 19,
--         "guard": "boolean"
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
--         "version": 25,
--         "guard": "percentage"
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
CREATE TABLE hub (
        name TEXT PRIMARY KEY, subscription TEXT NOT NULL, told INTEGER NOT NULL, failures INTEGER NOT NULL,
        tried_at INTEGER NOT NULL
      );
INSERT INTO migration (id) VALUES ('001_stash');
INSERT INTO migration (id) VALUES ('002_safeguards');
INSERT INTO migration (id) VALUES ('003_hubs');
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash) VALUES (1, 'shop', 'it''s one', 'safeguarded', 2208988800000, 25, 7, 94, '0b1b0e69ab42d58e083b863a5f1d7cf0245bf597917615fc59edabc76be0daae', null, null, 5, 480, 216, 0, null);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('limits', '{"a": 1}', 'application/json', 5, 14, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('on-call', 'alice', 'text/plain;charset=UTF-8', 8, 12, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('launch', 'false', 'text/plain;charset=UTF-8', 15, 11, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('maintenance-mode', 'true', 'text/plain;charset=UTF-8', 19, 20, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('banner', 'sale', 'text/plain;charset=UTF-8', 20, 10, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('traffic-target', 'green', 'text/plain;charset=UTF-8', 23, 19, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('prices', '40', 'text/plain;charset=UTF-8', 25, 8, 2208988800000, 2208988800000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('72cfcc69859e3a7c', '72cfcc69859e3a7c5b87f3d1683458114b87745dcad9a4d27327cd929083dc02', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', 2208992400000, 2208988800000, null, '72cfcc69859e3a7c');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('4e99b8c695c214c1', '4e99b8c695c214c189a9e0bc6f0c2fd96d727e54608a0925e344d564ffa97c79', 'pipeline', 0, 2208988800000, '["write","tokens"]', '["maintenance-*","launch"]', 2216764800000, 2208988800000, '72cfcc69859e3a7c', '4e99b8c695c214c1');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('7dc5d90dd92e7803', '7dc5d90dd92e7803893921f67d5ccb43eaae845077f1c2e81597f928a7ad7f84', 'second', 0, 2208988800000, '["write","approve"]', '["*"]', null, null, '72cfcc69859e3a7c', '7dc5d90dd92e7803');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('3c29f56de6caf358', '3c29f56de6caf3585ef312476042da7f383afc36339dadf5248f271351e445ac', 'expired', 0, 2208988800000, '["write"]', '["*"]', 2208988860000, null, '72cfcc69859e3a7c', '3c29f56de6caf358');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('56462aa1eb3ae860', '56462aa1eb3ae860026c7ddf59ae183d70a4240f7ac188209392f53ec967dcf8', 'nested', 0, 2208988800000, '["write"]', '["launch"]', 2216764800000, 2208988800000, '4e99b8c695c214c1', '56462aa1eb3ae860');
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line) VALUES ('979148b40c493100', '979148b40c4931006514e6b502ea4ca873f0b22a28323a0dbb0631dac2c2b072', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', null, 2208988800000, '72cfcc69859e3a7c', '72cfcc69859e3a7c');
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('b4sZWO7vuWCUWAmV', '{"kind":"put","key":"launch","value":"true","type":"text/plain;charset=UTF-8"}', 'go', '56462aa1eb3ae860', 2208988800000, null, 2209075200000, 2209075200000, 'approval', '["launch"]', 78, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('revert-19', '{"kind":"patch","changes":[{"key":"maintenance-mode","value":"false","type":"text/plain;charset=UTF-8"}]}', 'the 1h of revision 19 are over: deploy', null, 2208988800000, null, null, 2208992400000, 'revert', '["maintenance-mode"]', 105, null, 19, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('revert-20', '{"kind":"patch","changes":[{"key":"banner","value":"grüß Gott \"friend\"","type":"text/plain;charset=UTF-8"}]}', 'the 2m of revision 20 are over', null, 2208988800000, null, null, 2208988920000, 'revert', '["banner"]', 112, null, 20, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('aMoDhlKTXycp9cYc', '{"kind":"put","key":"on-call","value":"bob","type":"text/plain;charset=UTF-8","at":2208999600000}', null, '979148b40c493100', 2208988800000, null, null, 2208999600000, 'schedule', '["on-call"]', 97, null, null, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass) VALUES ('a0c88cbcf8cc4e62', '{"kind":"put","key":"traffic-target","value":"yellow","type":"text/plain;charset=UTF-8"}', null, '979148b40c493100', 2208988800000, 'a0c88cbcf8cc4e625fb8649024eb460f66e6e1d7441363a195f4a15f6f9ec433', 2208989700000, null, 'link', '["traffic-target"]', 88, null, null, null, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (1, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, 'week 1', 'd3dc1dd109943f853d3b9bd3b064f30fdc0c320fcd6a7dd52000b5d3d60839e6', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (2, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, '6f1e82595c02560b8eeb1d60aa1f2ae3f7837343bd020b8e417b141c5310d776', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (3, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, 'b8011aff1aa43c2c0385de1ee21c01f0f61707a701202059fce4aafd4731866b', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (4, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, '24672f1f8858a3bacf9fd4f53facd78eaad93c1e62e51a8b25f155d3f7393090', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (5, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, 'faf081fb8bbc1e620dcfdcae0b46448e98e695d67ab147424e6c8b1e0c3d1550', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (6, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, '4060f3bded8ffb0222d242efe029ea1cbf500134e02ca2e3ca0ec9cabbe2f579', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (7, 2208988800000, 'delete', '72cfcc69859e3a7c', 'master', null, null, '652b6dadad36e46799ed3ec2270023a991e5238cb2936ceaa281e5490e00bc29', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (8, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, '59835fe1ca66e76751cf751fb6a174e5e5663345b1b167a8099cf3c75cd25925', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (9, 2208988800000, 'add_token', '72cfcc69859e3a7c', 'master', null, null, '70cb79138575405b98a89a107708462683d4ab874f3f50db2d21a008c0a2fd9a', 2, '{"token":{"id":"4e99b8c695c214c1","label":"pipeline","can":["write","tokens"],"keys":["maintenance-*","launch"],"expiresAt":2216764800000}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (10, 2208988800000, 'add_token', '72cfcc69859e3a7c', 'master', null, null, '91ca7651d637d045b838fa5b21c3c98bf101c8167285de2fdaaec1ea52b2190c', 2, '{"token":{"id":"7dc5d90dd92e7803","label":"second","can":["write","approve"],"keys":["*"],"expiresAt":null}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (11, 2208988800000, 'add_token', '72cfcc69859e3a7c', 'master', null, null, '57997534bab47ea467ac249da5b12a64c28f797f0a163b9ef2b7c8f0bc55785e', 2, '{"token":{"id":"f31e94196618125c","label":"revoked","can":["write"],"keys":["*"],"expiresAt":null}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (12, 2208988800000, 'add_token', '72cfcc69859e3a7c', 'master', null, null, 'dc1bd53251325aec7dd35b360933e9f1c813ebdb5ab7c1fd17ad2ddccf41b7a6', 2, '{"token":{"id":"3c29f56de6caf358","label":"expired","can":["write"],"keys":["*"],"expiresAt":2208988860000}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (13, 2208988800000, 'revoke_token', '72cfcc69859e3a7c', 'master', null, null, 'ad21279f36969930c04a9292b02aeb7a7d7f25372ec63ab5e9452259bbff832c', 2, '{"token":{"id":"f31e94196618125c","label":"revoked","can":["write"],"keys":["*"],"expiresAt":null}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (14, 2208988800000, 'add_token', '4e99b8c695c214c1', 'pipeline', null, null, '04fca9faf3d4cdf78b7b0920fc0ab4ba1c8c510250347a49ab4251c5c7b77145', 2, '{"token":{"id":"56462aa1eb3ae860","label":"nested","can":["write"],"keys":["launch"],"expiresAt":2216764800000}}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (15, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, '3573f240e166a18e8a60eb03652f66b61ae941c33a748361f12dace99e4e34d2', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (16, 2208988800000, 'set_guard', '72cfcc69859e3a7c', 'master', null, null, 'd88bfea4ed12b00053cff0e3c2df82e6f99ee81343feaf96f96c705c893dd90c', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (17, 2208988800000, 'set_guard', '72cfcc69859e3a7c', 'master', null, null, '57dee637ee370aa6fc6b3c6a652df5ffaf0dd1b571a060652c48a7b151608a47', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (18, 2208988800000, 'set_guard', '72cfcc69859e3a7c', 'master', null, null, '8b151c73f7ccb5ad9f2fb2c17de36858b9049d3d875c6353f314c880738e7330', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (19, 2208988800000, 'put', '4e99b8c695c214c1', 'pipeline', null, 'deploy', '9de3187c4bf7ee10de4b37aed226c1f6c6f4443551ad0c7759ad5b3bb9d7a9a8', 2, '{"revertsAt":2208992400000}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (20, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, '5f524956498a9343d433a408c43516d64a765c197894b88c94ca146a216b5ace', 2, '{"revertsAt":2208988920000}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (21, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, '1cec161eec12238b51adf224a4501130a794ea68482e7e2c2f1296ecd9dbade4', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (22, 2208988800000, 'put', '72cfcc69859e3a7c', 'master', null, null, '254fa63e487de9e94b4b3937bbd33121f7dd94e65a252757d643bf727904d21a', 2, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (23, 2208988800000, 'undo', '72cfcc69859e3a7c', 'master', null, null, 'e126ae4eabec8d467b95998fcaaaf913b035b113fa3cfb85467237619144c160', 2, '{"undoes":22}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (24, 2208988800000, 'rotate_master', '72cfcc69859e3a7c', 'master', null, null, '780f522c874ad3b1ceb46d008913fb5422e8c9cc5b2d543319d880f33f281ac0', 2, '{"token":{"id":"979148b40c493100","label":"master","can":["write","approve","guard","freeze","break_glass","tokens"],"keys":["*"],"expiresAt":null},"oldUntil":2208992400000}');
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail) VALUES (25, 2208988800000, 'put', '979148b40c493100', 'master', 'd4188518e822dba0', null, '0b1b0e69ab42d58e083b863a5f1d7cf0245bf597917615fc59edabc76be0daae', 2, '{"via":"link"}');
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
INSERT INTO answer (scope, key, fingerprint, applied, at) VALUES ('72cfcc69859e3a7c', 'page-1', 'cb852391717234d85f2dfeb157a0f47568e52edab12f805526138911200d6926', '{"revision":8,"changed":["on-call"],"did":"put"}', 2208988800000);
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
