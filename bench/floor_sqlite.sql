-- The minimum of loading a file of members: two tables, their unique keys, one
-- merge. No validation, outcomes or history.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -65536;
CREATE TABLE IF NOT EXISTS accounts (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL UNIQUE,
  username TEXT NOT NULL,
  username_key TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS members (
  community_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  first_name TEXT, last_name TEXT, phone TEXT, country TEXT, language TEXT,
  tags TEXT NOT NULL,
  fields TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (community_id, account_id)
) WITHOUT ROWID;
CREATE TEMP TABLE staged (
  first_name TEXT, last_name TEXT, username TEXT, email TEXT, phone TEXT, country TEXT, language TEXT, role TEXT, tag TEXT,
  plan TEXT, deposits TEXT, last_deposit TEXT
);
.import --csv --skip 1 --schema temp "{{file}}" staged
BEGIN;
INSERT INTO accounts
SELECT lower(hex(randomblob(12))), email, lower(email), username, lower(username), 1, 1 FROM temp.staged WHERE true
ON CONFLICT (email_key) DO UPDATE SET updated_at = 2;
INSERT INTO members
SELECT 'c', a.id, s.first_name, s.last_name, nullif(s.phone, ''), s.country, s.language, json_array(s.tag),
  json_object('plan', s.plan, 'deposits', CAST(s.deposits AS REAL), 'last', s.last_deposit), 1, 1
FROM temp.staged s JOIN accounts a ON a.email_key = lower(s.email) WHERE true
ON CONFLICT (community_id, account_id) DO UPDATE SET
  first_name = excluded.first_name, last_name = excluded.last_name, phone = coalesce(excluded.phone, members.phone),
  country = excluded.country, language = excluded.language, tags = excluded.tags,
  fields = json_patch(members.fields, excluded.fields), updated_at = 2;
COMMIT;
