-- {
--   "id": "4046a03b474ff9370e05e5d19a637af01b2fa23df39c68ba08a5a4936dc8cd80",
--   "token": "swy_nAOmMZslaUemu3vUtUaXsmWKKNWaFQr41506Cz",
--   "steps": [
--     "001_stash",
--     "002_safeguards",
--     "003_hubs",
--     "004_bounds",
--     "005_people",
--     "006_published",
--     "007_refusals",
--     "008_ends",
--     "009_layout"
--   ],
--   "at": 2208988802000,
--   "alarm": 2208988920000,
--   "secrets": {
--     "pipeline": "swy_CIitVqKMDcwaHYZWi9KhiLE3ZM6vKOc11p1nT8",
--     "second": "swy_dpx1KuspcSkO3SqNfVHm0jvtTB8PA9BC49h4Qe",
--     "revoked": "swy_0bFcWCoDlFgBLF7s18RqdyyKQ5TKyqub0yOrty",
--     "expired": "swy_GM76gPYGd0fNeihbKE4dskfS45lm7pmK3GRWf6",
--     "nested": "swy_pNIBQoLqR7RZ2iGjkRU1vx5ssIxcTpLE2Z6IM0",
--     "held": "Y0jkBFgsua4CxnV0",
--     "successor": "swy_q4jUoR4HsOOk5D5TjoOhHTiw6UFRpAsS0xLzpe"
--   },
--   "answered": {
--     "key": "on-call",
--     "message": "Item stored",
--     "revision": 8,
--     "version": 8
--   },
--   "link": "https://flags.test/api/update?token=swl_q2FdAIdLfPOnNqOmLRnrgKHYaI6e21RP2Sbv8H_4046a03b474ff9370e05e5d19a637af01b2fa23df39c68ba08a5a4936dc8cd80",
--   "kv": {
--     "format": 2,
--     "stash_id": "4046a03b474ff9370e05e5d19a637af01b2fa23df39c68ba08a5a4936dc8cd80",
--     "revision": 25,
--     "chain": "0c2f5d36c209d249",
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
--     ],
--     "reverts": [
--       {
--         "key": "banner",
--         "at": 2208988920000,
--         "version": 20,
--         "to": {
--           "value": "grüß Gott \"friend\"",
--           "type": "text/plain;charset=UTF-8"
--         }
--       },
--       {
--         "key": "maintenance-mode",
--         "at": 2208992400000,
--         "version": 19,
--         "to": {
--           "value": "false",
--           "type": "text/plain;charset=UTF-8",
--           "guard": "boolean"
--         }
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
INSERT INTO stash (one, name, description, profile, created_at, revision, item_count, bytes, head_hash, deleted_at, freeze, held_count, held_bytes, log_bytes, anchor_revision, anchor_hash, gap) VALUES (1, 'shop', 'it''s one', 'safeguarded', 2208988800000, 25, 7, 94, '0c2f5d36c209d2490508f32d60d6d92ea72b8ba724ae0a9c5e31543c84f960ae', null, null, 5, 480, 8951, 0, null, 0);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('limits', '{"a": 1}', 'application/json', 5, 14, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('on-call', 'alice', 'text/plain;charset=UTF-8', 8, 12, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('launch', 'false', 'text/plain;charset=UTF-8', 15, 11, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('maintenance-mode', 'true', 'text/plain;charset=UTF-8', 19, 20, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('banner', 'sale', 'text/plain;charset=UTF-8', 20, 10, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('traffic-target', 'green', 'text/plain;charset=UTF-8', 23, 19, 2208988800000, 2208988800000);
INSERT INTO item (key, value, type, version, bytes, created_at, updated_at) VALUES ('prices', '40', 'text/plain;charset=UTF-8', 25, 8, 2208988800000, 2208988800000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('1cf5dba5574fa116', '1cf5dba5574fa1168f70988a874805d9fc4e5a10aacb79a5aef39c8dca17d6ea', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', 2208992400000, 2208988800000, null, '1cf5dba5574fa116', '1cf5dba5574fa116', 0, 'revoked', null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('2161420dbdf7ca88', '2161420dbdf7ca882b360e9e1d519a7496ed554e643968edcbe971216ed8dc62', 'pipeline', 0, 2208988800000, '["write","tokens"]', '["maintenance-*","launch"]', 2216764800000, 2208988800000, '1cf5dba5574fa116', '2161420dbdf7ca88', '2161420dbdf7ca88', 9, null, null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('0436183a159a818f', '0436183a159a818f358b007c2a986a756fd0d4f962e430110f4162a24d74ac5e', 'second', 0, 2208988800000, '["write","approve"]', '["*"]', null, null, '1cf5dba5574fa116', '0436183a159a818f', '0436183a159a818f', 10, null, null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('188b5e72d169e134', '188b5e72d169e134c9812ac5047fed770aa8dea20231472839a6cbf54dbeba62', 'revoked', 0, 2208988800000, '["write"]', '["*"]', 2208988800000, null, '1cf5dba5574fa116', '188b5e72d169e134', '188b5e72d169e134', 11, 'revoked', 2208988800000);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('b8ebf780eebf5879', 'b8ebf780eebf5879bd3739d92985aab6e46475370339d325ad69ab85eba80238', 'expired', 0, 2208988800000, '["write"]', '["*"]', 2208988860000, null, '1cf5dba5574fa116', 'b8ebf780eebf5879', 'b8ebf780eebf5879', 12, null, null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('8a28530d5b79db42', '8a28530d5b79db422042a38d4de60318a7f362d5646b5c3933da162bb82046cb', 'nested', 0, 2208988800000, '["write"]', '["launch"]', 2216764800000, 2208988800000, '2161420dbdf7ca88', '8a28530d5b79db42', '2161420dbdf7ca88', 14, null, null);
INSERT INTO token (id, hash, label, master, created_at, can, keys, expires_at, last_used_at, made_by, line, holder, granted, ends_as, ended_at) VALUES ('7c175d055e592fe1', '7c175d055e592fe1c0bcb664a4bd6a752c4136eea6eaa9ca6587383aece7446e', 'master', 1, 2208988800000, '["write","approve","guard","freeze","break_glass","tokens"]', '["*"]', null, 2208988800000, '1cf5dba5574fa116', '1cf5dba5574fa116', '1cf5dba5574fa116', 24, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('Y0jkBFgsua4CxnV0', '{"kind":"put","key":"launch","value":"true","type":"text/plain;charset=UTF-8"}', 'go', '8a28530d5b79db42', 2208988800000, null, 2209075200000, 2209075200000, 'approval', '["launch"]', 78, null, null, null, null, 0, null, 18, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('revert-19', '{"kind":"patch","changes":[{"key":"maintenance-mode","value":"false","type":"text/plain;charset=UTF-8"}]}', 'the 1h of revision 19 are over: deploy', null, 2208988800000, null, null, 2208992400000, 'revert', '["maintenance-mode"]', 105, null, 19, null, null, 0, null, null, '2161420dbdf7ca88', 'pipeline');
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('revert-20', '{"kind":"patch","changes":[{"key":"banner","value":"grüß Gott \"friend\"","type":"text/plain;charset=UTF-8"}]}', 'the 2m of revision 20 are over', null, 2208988800000, null, null, 2208988920000, 'revert', '["banner"]', 112, null, 20, null, null, 0, null, null, '7c175d055e592fe1', 'master');
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('tCi4nSqRn2MsPeNN', '{"kind":"put","key":"on-call","value":"bob","type":"text/plain;charset=UTF-8","at":2208999600000}', null, '7c175d055e592fe1', 2208988800000, null, null, 2208999600000, 'schedule', '["on-call"]', 97, null, null, null, null, 0, null, 20, null, null);
INSERT INTO held (id, change, reason, made_by, made_at, secret_hash, expires_at, due_at, kind, keys, bytes, decision, ends, approved_by, broke_glass, tries, retry_at, asked, set_by, set_by_label) VALUES ('dc7d749a8508f803', '{"kind":"put","key":"traffic-target","value":"yellow","type":"text/plain;charset=UTF-8"}', null, '7c175d055e592fe1', 2208988800000, 'dc7d749a8508f80322b3e3b389c1c9cbbad3e235c978ee7ddb5dc9529088d8a6', 2208989700000, null, 'link', '["traffic-target"]', 88, null, null, null, null, 0, null, 25, null, null);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (1, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, 'week 1', '3bf9cc9963bad14ddcf0dfe136862424ccc031c31b18f2ebf2ca999cb1271a97', 2, null, 373);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (2, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, 'e3734e7a1f5b3b846fe2f2549d41c0bd8dc1a235ce6cd700a010366a5b01d010', 2, null, 362);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (3, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, 'ea5837d4f18847afc07fc6c656e2cddd8334416aa73df7a491290f21d093d975', 2, null, 344);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (4, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, '3f0870ce648877b2ee916dcd03347ee426df3df72925cb423db9ae53f6f32d39', 2, null, 362);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (5, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, 'e54eb09f7a96343ea6db7de9379b26682d84aba041ad56b259e72a6003c4f7ce', 2, null, 342);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (6, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, 'bcc1b68ebe164b6fb9642814ab7949c6a98ea5a266365f731bd23797dc2281c7', 2, null, 339);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (7, 2208988800000, 'delete', '1cf5dba5574fa116', 'master', null, null, '4e83e3e7e39a7e13937eac23545ada350ce57099285edf085404b80b359edd2c', 2, null, 339);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (8, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, '839799bef422073a9cee097dd01af8567cab61e438c8a778f3742e6eef57eff3', 2, null, 349);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (9, 2208988800000, 'add_token', '1cf5dba5574fa116', 'master', null, null, 'a141646267e5a26d4d37a0b384e26f01e9b3559553fb85c2718326b0115c66ec', 2, '{"token":{"id":"2161420dbdf7ca88","label":"pipeline","can":["write","tokens"],"keys":["maintenance-*","launch"],"expiresAt":2216764800000}}', 345);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (10, 2208988800000, 'add_token', '1cf5dba5574fa116', 'master', null, null, 'd2104c6738db6eefa28f637616c9ba1d0ecbc9039cd17444b521c15ea2d35afb', 2, '{"token":{"id":"0436183a159a818f","label":"second","can":["write","approve"],"keys":["*"],"expiresAt":null}}', 314);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (11, 2208988800000, 'add_token', '1cf5dba5574fa116', 'master', null, null, '4993b44c7c9a178a9520a83ec27dee45d532d49a50f9d5140d238d059cd053e5', 2, '{"token":{"id":"188b5e72d169e134","label":"revoked","can":["write"],"keys":["*"],"expiresAt":null}}', 305);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (12, 2208988800000, 'add_token', '1cf5dba5574fa116', 'master', null, null, '01ce942b48ca6ee4fb6303bf33fa2544bf846a364d2e4246aa86db7dba65b0a0', 2, '{"token":{"id":"b8ebf780eebf5879","label":"expired","can":["write"],"keys":["*"],"expiresAt":2208988860000}}', 314);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (13, 2208988800000, 'revoke_token', '1cf5dba5574fa116', 'master', null, null, '4c7b8daa4ced788cd114c46b603a644de8bd17c9c865f13bb71762ad75b9d50d', 2, '{"token":{"id":"188b5e72d169e134","label":"revoked","can":["write"],"keys":["*"],"expiresAt":null}}', 305);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (14, 2208988800000, 'add_token', '2161420dbdf7ca88', 'pipeline', null, null, '156aee3a16fe553f87811d304222687d68643ee2e59db99ec2d4eb68a67b54b4', 2, '{"token":{"id":"8a28530d5b79db42","label":"nested","can":["write"],"keys":["launch"],"expiresAt":2216764800000}}', 320);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (15, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, '3b978241b0e4f3ea51769bf8abfe89ac79c2a28944f546aa21d1232be6dbbcb3', 2, null, 347);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (16, 2208988800000, 'set_guard', '1cf5dba5574fa116', 'master', null, null, 'ce3e19449257a7b1c102c26d8ed677db2dedaf9a8ba7e613cd258cb7b62596c4', 2, null, 350);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (17, 2208988800000, 'set_guard', '1cf5dba5574fa116', 'master', null, null, '0dcfdc5dd1147a4521f1dd9c3748afa3719287db0e78749c23258084bfbb5a77', 2, null, 339);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (18, 2208988800000, 'set_guard', '1cf5dba5574fa116', 'master', null, null, '046af293e5a5f29debd6e9113ba6e9c4d835cfd211b0e194defffe385cf9ee6e', 2, null, 392);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (19, 2208988800000, 'put', '2161420dbdf7ca88', 'pipeline', null, 'deploy', '4856b9f269123822ec4b5cc69ad71585ea6686854a5f82d986e66969be64fb92', 2, '{"revertsAt":2208992400000}', 430);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (20, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, '1cc388e451f22654c5ef3bf227371447eef4034706083adbaa4ccc38c570ff10', 2, '{"revertsAt":2208988920000}', 417);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (21, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, '27decc9d2add78b0418ac42b16fa744182c9ae4652de6ff2812d744a7fd000d4', 2, null, 391);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (22, 2208988800000, 'put', '1cf5dba5574fa116', 'master', null, null, '0a5a98dc43bcba306106e5cc4509a1fa6394c903d9fd385379679b4e2c929557', 2, null, 390);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (23, 2208988800000, 'undo', '1cf5dba5574fa116', 'master', null, null, 'f59cbd2e6219ebd89bac35f1c6749b0f5543780051516ac72fe3f472f53790e3', 2, '{"undoes":22}', 403);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (24, 2208988800000, 'rotate_master', '1cf5dba5574fa116', 'master', null, null, '552918342d37bab55c63ee22bfab41ddf4c5e02f6e3e27337f7e91e9625d5203', 2, '{"token":{"id":"7c175d055e592fe1","label":"master","can":["write","approve","guard","freeze","break_glass","tokens"],"keys":["*"],"expiresAt":null},"oldUntil":2208992400000}', 379);
INSERT INTO log (revision, at, kind, actor_id, actor, held_id, reason, hash, format, detail, bytes) VALUES (25, 2208988800000, 'put', '7c175d055e592fe1', 'master', 'a33a16874dca79ec', null, '0c2f5d36c209d2490508f32d60d6d92ea72b8ba724ae0a9c5e31543c84f960ae', 2, '{"via":"link"}', 400);
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
INSERT INTO cursor (reader, revision, tried_at, failures, pending, layout, layout_revision) VALUES ('kv', 25, 2208988802000, 0, 0, 2, 25);
INSERT INTO answer (scope, key, fingerprint, applied, at, bytes) VALUES ('1cf5dba5574fa116', 'page-1', 'cb852391717234d85f2dfeb157a0f47568e52edab12f805526138911200d6926', '{"revision":8,"changed":["on-call"],"did":"put"}', 2208988800000, 118);
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
CREATE INDEX refusal_by_time ON refusal (at);
CREATE INDEX refusal_by_scope ON refusal (scope, at, bytes);
CREATE INDEX held_by_end ON held (due_at) WHERE retry_at IS NULL AND kind IN ('revert', 'thaw', 'lapse');
