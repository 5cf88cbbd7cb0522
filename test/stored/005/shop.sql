-- {
--   "id": "bf08fd03bbd0c9f332dee5108c6c4b6a6e5e7821e5f8fbfd2d5f01e84856d6d8",
--   "token": "swy_9dwAWToofXaIGMMGkdFZoDCJHwmzCTH23rT3ca",
--   "steps": [
--     "001_stash",
--     "002_safeguards",
--     "003_hubs",
--     "004_bounds",
--     "005_people"
--   ],
--   "at": 2208988802000,
--   "alarm": 2208988920000,
--   "secrets": {
--     "pipeline": "swy_5hx6wrRL0OGD1wxZFkH9ib80QSoTmozE4ee2tW",
--     "second": "swy_rpQRuSWCHcQgoRAFHEyFchBPgLR3RrWE1iYD5z",
--     "revoked": "swy_m3QKA13GU90ph9GU4EoA7ZFKI4AWwz6P0r8iZi",
--     "expired": "swy_SmQ8K5fco78qgGjYremPnUSQmf333JVY2RvGfk",
--     "nested": "swy_5emm43K8BzDNzl2UAMZRIC8M5nBLwUd531485I",
--     "held": "p4zgGXFH6UcN5bCl",
--     "successor": "swy_OU4Iyw0YY0tAwPNLaz6lgzwORwDQLP7g2K9xVJ"
--   },
--   "answered": {
--     "key": "on-call",
--     "message": "Item stored",
--     "revision": 8,
--     "version": 8
--   },
--   "link": "https://flags.test/api/update?token=swl_jH0EzhUOcogfv5DrhDkH8tJSe7GN8wNq21bALx_bf08fd03bbd0c9f332dee5108c6c4b6a6e5e7821e5f8fbfd2d5f01e84856d6d8",
--   "kv": {
--     "format": 2,
--     "stash_id": "bf08fd03bbd0c9f332dee5108c6c4b6a6e5e7821e5f8fbfd2d5f01e84856d6d8",
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
      );
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
INSERT INTO migration (id) VALUES ('001_stash');
INSERT INTO migration (id) VALUES ('002_safeguards');
INSERT INTO migration (id) VALUES ('003_hubs');
INSERT INTO migration (id) VALUES ('004_bounds');
INSERT INTO migration (id) VALUES ('005_people');
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash) VALUES (1, 'shop', 'it''s one', 'safeguarded', 2208988800000, 25, 7, 94, '8be4f8896af19fd81d121bedf3f57d698f75ac2cee10a8477c42b4f936990c5d', null, null, 5, 480, 8951, 0, null);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('limits', '{"a": 1}', 'application/json', 5, 14, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('on-call', 'alice', 'text/plain;charset=UTF-8', 8, 12, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('launch', 'false', 'text/plain;charset=UTF-8', 15, 11, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('maintenance-mode', 'true', 'text/plain;charset=UTF-8', 19, 20, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('banner', 'sale', 'text/plain;charset=UTF-8', 20, 10, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('traffic-target', 'green', 'text/plain;charset=UTF-8', 23, 19, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('prices', '40', 'text/plain;charset=UTF-8', 25, 8, 2208988800000, 2208988800000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('8601b91399d9831e', '8601b91399d9831e52fecce39f711a3d3a339670b019e7c8ec82f6105240c3d2', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', 2208992400000, 2208988800000, null, '8601b91399d9831e', '8601b91399d9831e', 0, 'revoked', null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('28f25ebc77b4d94b', '28f25ebc77b4d94b3daa658191a91c4d7fa73d7fff155024ca5e3ea8ab9da16a', 'pipeline', 0, 2208988800000, '["write","tokens"]', '["maintenance-*","launch"]', 2216764800000, 2208988800000, '8601b91399d9831e', '28f25ebc77b4d94b', '28f25ebc77b4d94b', 9, null, null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('58a383bbd9b492a3', '58a383bbd9b492a3cdeeaa4a81209342d1d0c97e25dc88e2b17622d98481fc8e', 'second', 0, 2208988800000, '["write","approve"]', '["*"]', null, null, '8601b91399d9831e', '58a383bbd9b492a3', '58a383bbd9b492a3', 10, null, null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('5fbd1cbfe0163b57', '5fbd1cbfe0163b5795edcff162ebe85b0624e342cfe537d824102c95389070ce', 'revoked', 0, 2208988800000, '["write"]', '["*"]', 2208988800000, null, '8601b91399d9831e', '5fbd1cbfe0163b57', '5fbd1cbfe0163b57', 11, 'revoked', 2208988800000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('c9798fa36581e17c', 'c9798fa36581e17cabf00a357b1f26dfa7c6b6df565043db93e8a298c661f5b5', 'expired', 0, 2208988800000, '["write"]', '["*"]', 2208988860000, null, '8601b91399d9831e', 'c9798fa36581e17c', 'c9798fa36581e17c', 12, null, null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('699fbf636cc014c5', '699fbf636cc014c5c5252748af3cfd1f6246af1a69c9bd3a04c6d9c901b15ea4', 'nested', 0, 2208988800000, '["write"]', '["launch"]', 2216764800000, 2208988800000, '28f25ebc77b4d94b', '699fbf636cc014c5', '28f25ebc77b4d94b', 14, null, null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('548255b0eb4c90c3', '548255b0eb4c90c3b6e0e6e17d2ce859c925dbf2b07a0b93ae0daa2bb99be46a', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', null, 2208988800000, '8601b91399d9831e', '8601b91399d9831e', '8601b91399d9831e', 24, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('p4zgGXFH6UcN5bCl', '{"kind":"put","key":"launch","value":"true","type":"text/plain;charset=UTF-8"}', 'go', '699fbf636cc014c5', 2208988800000, null, 2209075200000, 2209075200000, 'approval', '["launch"]', 78, null, null, null, null, 0, null, 18, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('revert-19', '{"kind":"patch","changes":[{"key":"maintenance-mode","value":"false","type":"text/plain;charset=UTF-8"}]}', 'the 1h of revision 19 are over: deploy', null, 2208988800000, null, null, 2208992400000, 'revert', '["maintenance-mode"]', 105, null, 19, null, null, 0, null, null, '28f25ebc77b4d94b', 'pipeline');
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('revert-20', '{"kind":"patch","changes":[{"key":"banner","value":"grüß Gott \"friend\"","type":"text/plain;charset=UTF-8"}]}', 'the 2m of revision 20 are over', null, 2208988800000, null, null, 2208988920000, 'revert', '["banner"]', 112, null, 20, null, null, 0, null, null, '548255b0eb4c90c3', 'master');
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('XWekZqMUX9SJsOl1', '{"kind":"put","key":"on-call","value":"bob","type":"text/plain;charset=UTF-8","at":2208999600000}', null, '548255b0eb4c90c3', 2208988800000, null, null, 2208999600000, 'schedule', '["on-call"]', 97, null, null, null, null, 0, null, 20, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('00d7169b09865dad', '{"kind":"put","key":"traffic-target","value":"yellow","type":"text/plain;charset=UTF-8"}', null, '548255b0eb4c90c3', 2208988800000, '00d7169b09865dad0c0e0c6b1f886f4f8fe81013d4284037030f1deb072c0da9', 2208989700000, null, 'link', '["traffic-target"]', 88, null, null, null, null, 0, null, 25, null, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (1, 2208988800000, 'put', '8601b91399d9831e', 'master', null, 'week 1', '7421d4cae5e17ff704c263716106deb00a52f978ae6d32799cee5eeb8dc85890', 2, null, 373);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (2, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, '7ebe59802e890789091988efd18bf06c635b9885e34935f91c185bb769cc5756', 2, null, 362);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (3, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, '7be785738643f3345956bd8f36aab1890075436be0b49d0f398b94814192f70d', 2, null, 344);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (4, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, '6ac7fa34a78da89f91316d015b060646a4f34254929c5660712cd41b65b9e771', 2, null, 362);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (5, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, '3684c81c3dc1afce0f4b5408b6ea3cf41c0a789f2770d1759db712470b2e795e', 2, null, 342);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (6, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, 'eacac8238c1592b721d46f8a6d879eb771b37d5aa240dcb60d0d67b7706ebc0b', 2, null, 339);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (7, 2208988800000, 'delete', '8601b91399d9831e', 'master', null, null, '7f4ce118038c9fdeceb44629245315207fc0d07750d23a6247bba333044e72a8', 2, null, 339);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (8, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, 'dcdd0e285967f5239bb3be99b44f124ba2c7100fb43cabf7885c9209d0fc8d7e', 2, null, 349);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (9, 2208988800000, 'add_token', '8601b91399d9831e', 'master', null, null, '29c4677f0ca26fa0e645b9d7a7ddd7323529b19282e9b88de892973e02d64b78', 2, '{"token":{"id":"28f25ebc77b4d94b","label":"pipeline","can":["write","tokens"],"keys":["maintenance-*","launch"],"expiresAt":2216764800000}}', 345);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (10, 2208988800000, 'add_token', '8601b91399d9831e', 'master', null, null, 'fc954f5b84214f5b90880df9035dff1bc7314500fd03a52b255e5236c96913e1', 2, '{"token":{"id":"58a383bbd9b492a3","label":"second","can":["write","approve"],"keys":["*"],"expiresAt":null}}', 314);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (11, 2208988800000, 'add_token', '8601b91399d9831e', 'master', null, null, 'd1b96d2ca23409bec480759547e87960aa41bc450d02b6b4854a0ef0eb278e0a', 2, '{"token":{"id":"5fbd1cbfe0163b57","label":"revoked","can":["write"],"keys":["*"],"expiresAt":null}}', 305);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (12, 2208988800000, 'add_token', '8601b91399d9831e', 'master', null, null, '57da780e63c27aecaa6ef535acbfbee93508fa274632fbe779bc746f6d0d55bc', 2, '{"token":{"id":"c9798fa36581e17c","label":"expired","can":["write"],"keys":["*"],"expiresAt":2208988860000}}', 314);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (13, 2208988800000, 'revoke_token', '8601b91399d9831e', 'master', null, null, '3057d6df0eba41570dc382b9aed73c375b9835e9f2039aa136d8f157f7df86c1', 2, '{"token":{"id":"5fbd1cbfe0163b57","label":"revoked","can":["write"],"keys":["*"],"expiresAt":null}}', 305);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (14, 2208988800000, 'add_token', '28f25ebc77b4d94b', 'pipeline', null, null, '6f17e74330b321f8a48d489555a191b942e0b836b18ab45656b1508dd800ef9e', 2, '{"token":{"id":"699fbf636cc014c5","label":"nested","can":["write"],"keys":["launch"],"expiresAt":2216764800000}}', 320);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (15, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, '0b5ac1c65f66f562e7387f4040529c237f859a07935af7d4b6545dc0e151b784', 2, null, 347);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (16, 2208988800000, 'set_guard', '8601b91399d9831e', 'master', null, null, 'f1f4ad8b8f07a04b23497e384719b58f4d8fb983d0231fb6089a4c7e018a32c1', 2, null, 350);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (17, 2208988800000, 'set_guard', '8601b91399d9831e', 'master', null, null, 'd3605d5ad5924ccb8720c07cb187bfc6737818329f00f8a8a161cb5f6fd9b1dd', 2, null, 339);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (18, 2208988800000, 'set_guard', '8601b91399d9831e', 'master', null, null, '3f89610747614e357e287310711d604f43eee57caa3e47fa4cd89e02619e3559', 2, null, 392);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (19, 2208988800000, 'put', '28f25ebc77b4d94b', 'pipeline', null, 'deploy', '69916d97d6df4c0fb9c62e137aa534abc3bb13837ee4ad45e26181a9d56a6401', 2, '{"revertsAt":2208992400000}', 430);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (20, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, 'c533aeb3beb2c3dc47b7299eaf575a8eebcd5d83db09de0e714b5c08fabd4c67', 2, '{"revertsAt":2208988920000}', 417);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (21, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, '940b45cc3a5093008d48a1289bd210c84b5f271682cafdf558ff0f310ec34396', 2, null, 391);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (22, 2208988800000, 'put', '8601b91399d9831e', 'master', null, null, '110d1864b32a24e2aa4105b24e7e496d1ecdd1e87136780638d6cfaecae93ca8', 2, null, 390);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (23, 2208988800000, 'undo', '8601b91399d9831e', 'master', null, null, '68a13290ae06df6001f2a7d7d7ffb580ca8493ebf86b1796fa7fe48ee70ae43d', 2, '{"undoes":22}', 403);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (24, 2208988800000, 'rotate_master', '8601b91399d9831e', 'master', null, null, '85620dee8e7a6dc05abbc8b13d5da70d76853030fd24636e429dceda18033288', 2, '{"token":{"id":"548255b0eb4c90c3","label":"master","can":["write","approve","guard","freeze","break_glass","tokens"],"keys":["*"],"expiresAt":null},"oldUntil":2208992400000}', 379);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (25, 2208988800000, 'put', '548255b0eb4c90c3', 'master', '99a802b93270e27b', null, '8be4f8896af19fd81d121bedf3f57d698f75ac2cee10a8477c42b4f936990c5d', 2, '{"via":"link"}', 400);
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
INSERT INTO answer (scope, key, fingerprint, applied, at, bytes) VALUES ('8601b91399d9831e', 'page-1', 'cb852391717234d85f2dfeb157a0f47568e52edab12f805526138911200d6926', '{"revision":8,"changed":["on-call"],"did":"put"}', 2208988800000, 118);
INSERT INTO revert (key, held_id) VALUES ('maintenance-mode', 'revert-19');
INSERT INTO revert (key, held_id) VALUES ('banner', 'revert-20');
INSERT INTO guard (key, guard, version) VALUES ('launch', '{"type":"boolean","approvals":1}', 16);
INSERT INTO guard (key, guard, version) VALUES ('prices', '{"type":"percentage"}', 17);
INSERT INTO guard (key, guard, version) VALUES ('maintenance-mode', '{"type":"boolean","safe_value":"false","max_for":"2h"}', 18);
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
