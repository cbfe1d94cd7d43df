-- +goose Up
-- The role that an invite gives on joining, '' for none, and the address that
-- it was mailed to, '' for an invite that was not mailed or whose person
-- declined. email_key is the address as addresses are compared.
ALTER TABLE invites ADD COLUMN role_id key_text NOT NULL DEFAULT '';
ALTER TABLE invites ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE invites ADD COLUMN email_key key_text NOT NULL DEFAULT '';
CREATE INDEX invites_email ON invites (community_id, email_key) WHERE email_key <> '';

-- Links are found by the address that they were mailed to.
CREATE INDEX member_links_address ON member_links (community_id, email_hash);
