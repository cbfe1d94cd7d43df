-- The minimum of loading a file of members: two tables, their unique keys, one
-- merge. No validation, outcomes or history.
SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS accounts (
  id TEXT COLLATE "C" PRIMARY KEY,
  email TEXT NOT NULL,
  email_key TEXT COLLATE "C" NOT NULL UNIQUE,
  username TEXT NOT NULL,
  username_key TEXT COLLATE "C" NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS members (
  community_id TEXT COLLATE "C" NOT NULL,
  account_id TEXT COLLATE "C" NOT NULL,
  first_name TEXT, last_name TEXT, phone TEXT, country TEXT, language TEXT,
  tags JSONB NOT NULL,
  fields JSONB NOT NULL,
  joined_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (community_id, account_id)
);
CREATE TEMP TABLE staged (
  first_name TEXT, last_name TEXT, username TEXT, email TEXT, phone TEXT, country TEXT, language TEXT, role TEXT, tag TEXT,
  plan TEXT, deposits TEXT, last_deposit TEXT
);
\copy staged from '{{file}}' with (format csv, header true, null '\N')
BEGIN;
INSERT INTO accounts
SELECT substr(md5(email), 1, 24), email, lower(email), username, lower(username), 1, 1 FROM staged
ON CONFLICT (email_key) DO UPDATE SET updated_at = 2;
INSERT INTO members
SELECT 'c', a.id, s.first_name, s.last_name, nullif(s.phone, ''), s.country, s.language, jsonb_build_array(s.tag),
  jsonb_build_object('plan', s.plan, 'deposits', s.deposits::numeric, 'last', s.last_deposit), 1, 1
FROM staged s JOIN accounts a ON a.email_key = lower(s.email)
ON CONFLICT (community_id, account_id) DO UPDATE SET
  first_name = excluded.first_name, last_name = excluded.last_name, phone = coalesce(excluded.phone, members.phone),
  country = excluded.country, language = excluded.language, tags = excluded.tags,
  fields = members.fields || excluded.fields, updated_at = 2;
COMMIT;
