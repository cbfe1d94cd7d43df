-- +goose Up
-- owner: member
-- Members of communities.
CREATE TABLE members (
  community_id     key_text NOT NULL,
  user_id          key_text NOT NULL,
  account_id       key_text NOT NULL DEFAULT '', -- '': unclaimed
  number           BIGINT NOT NULL,              -- the small id in the API, from user_numbers
  state            TEXT NOT NULL,
  state_changed_at BIGINT NOT NULL DEFAULT 0,    -- 0: at creation
  previous_state   TEXT NOT NULL DEFAULT '',     -- before a deletion, for a restore
  suspended_until  BIGINT NOT NULL DEFAULT 0,    -- 0: not suspended
  owner            BOOLEAN NOT NULL DEFAULT FALSE,
  email            TEXT NOT NULL,
  email_key        key_text NOT NULL,
  username         TEXT NOT NULL,
  username_key     key_text NOT NULL,
  display_name     TEXT NOT NULL DEFAULT '',
  first_name       TEXT NOT NULL,
  last_name        TEXT NOT NULL,
  name_key         key_text NOT NULL,            -- first and last name as search compares them
  phone            TEXT NOT NULL,
  country          TEXT NOT NULL,
  language         TEXT NOT NULL,
  roles            json_text NOT NULL,           -- array of ids
  tags             json_text NOT NULL,           -- array of ids
  fields           json_text NOT NULL,           -- custom values by database name
  external_id      TEXT NOT NULL DEFAULT '',     -- id in another system, unique by member_identifiers
  referral         TEXT NOT NULL DEFAULT '',     -- the referrer given at creation
  avatar_id        key_text NOT NULL DEFAULT '', -- a picture in media
  joined_at        BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL,
  PRIMARY KEY (community_id, user_id)
) {sqlite: WITHOUT ROWID};
CREATE UNIQUE INDEX members_number ON members (community_id, number);
CREATE UNIQUE INDEX members_email ON members (community_id, email_key);
CREATE UNIQUE INDEX members_username ON members (community_id, username_key);
CREATE UNIQUE INDEX members_account ON members (account_id, community_id) WHERE account_id <> '';
CREATE INDEX members_owner ON members (community_id, user_id) WHERE owner;
CREATE INDEX members_deleted ON members (state_changed_at) WHERE state = 'deleted';

-- Numbers of members, in shards to reduce contention.
CREATE TABLE member_counts (
  community_id key_text NOT NULL,
  shard        BIGINT NOT NULL,
  total        BIGINT NOT NULL,
  PRIMARY KEY (community_id, shard)
);

-- Values of identifier fields, unique in a community.
CREATE TABLE member_identifiers (
  community_id key_text NOT NULL,
  field_id     key_text NOT NULL,
  key          key_text NOT NULL,
  user_id      key_text NOT NULL,
  PRIMARY KEY (community_id, field_id, key)
) {sqlite: WITHOUT ROWID};

-- Index of members by values of filterable custom fields; key sorts like the
-- values. A multiple choice has a row for each option. Filters by a value are most
-- often combined with the country.
CREATE TABLE member_values (
  community_id key_text NOT NULL,
  field_id     key_text NOT NULL,
  key          key_text NOT NULL,
  user_id      key_text NOT NULL,
  country      TEXT NOT NULL,
  PRIMARY KEY (community_id, field_id, key, user_id)
) {sqlite: WITHOUT ROWID};

-- History of field values; append-only, deleted with the member. The key is in
-- insertion order, so that rows are appended to one B-tree.
CREATE TABLE field_history (
  community_id key_text NOT NULL,
  id           key_text NOT NULL,
  user_id      key_text NOT NULL,
  field_id     key_text NOT NULL,
  old_value    json_text NOT NULL,
  new_value    json_text NOT NULL,
  valid_from   BIGINT NOT NULL,
  recorded_at  BIGINT NOT NULL,
  source_type  TEXT NOT NULL,
  source_id    key_text NOT NULL,
  actor        TEXT NOT NULL,
  PRIMARY KEY (community_id, id)
) {sqlite: WITHOUT ROWID};
CREATE INDEX field_history_user ON field_history (community_id, user_id, id);
CREATE INDEX field_history_field ON field_history (community_id, field_id, id);

CREATE TABLE tags (
  community_id key_text NOT NULL REFERENCES communities(id),
  id           key_text NOT NULL,
  name         key_text NOT NULL,
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (community_id, id),
  UNIQUE (community_id, name)
);

-- Tags that were merged into others. Their ids remain valid in filters, histories and
-- results of bulk jobs.
CREATE TABLE merged_tags (
  community_id key_text NOT NULL,
  tag_id       key_text NOT NULL,
  into_id      key_text NOT NULL, -- an existing tag
  name         key_text NOT NULL, -- of the merged tag
  pending      BOOLEAN NOT NULL,  -- members may still have tag_id
  PRIMARY KEY (community_id, tag_id)
);
CREATE INDEX merged_tags_into ON merged_tags (community_id, into_id);

-- Tags to delete if no member has them. A row is deleted when its tag is added to
-- a member.
CREATE TABLE unused_tags (
  community_id key_text NOT NULL,
  tag_id       key_text NOT NULL,
  PRIMARY KEY (community_id, tag_id)
);

-- owner: presence
-- Last activity of a member in this community, and the start of its session.
CREATE TABLE member_visits (
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL,
  seen_at      BIGINT NOT NULL,
  signed_in_at BIGINT NOT NULL,
  PRIMARY KEY (community_id, user_id)
);

-- owner: member
-- Declined memberships: the person is added again only by accepting an invite.
CREATE TABLE member_declines (
  community_id key_text NOT NULL,
  email_hash   key_text NOT NULL,
  declined_at  BIGINT NOT NULL,
  PRIMARY KEY (community_id, email_hash)
);

-- Links in mail of a community to decline or accept a membership.
CREATE TABLE member_links (
  token_hash   key_text NOT NULL PRIMARY KEY,
  community_id key_text NOT NULL,
  user_id      key_text NOT NULL, -- '' for an invite to a non-member
  email        TEXT NOT NULL,
  email_hash   key_text NOT NULL,
  invite_code  key_text NOT NULL,
  created_at   BIGINT NOT NULL
);
CREATE INDEX member_links_member ON member_links (community_id, user_id);
CREATE INDEX member_links_address ON member_links (community_id, email_hash);
