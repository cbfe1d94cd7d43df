-- +goose Up
-- The role assigned on joining, '' for none, and the address that the invite was
-- mailed to, '' if it was not mailed or was declined. email_key is the normalised
-- address.
ALTER TABLE invites ADD COLUMN role_id key_text NOT NULL DEFAULT '';
ALTER TABLE invites ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE invites ADD COLUMN email_key key_text NOT NULL DEFAULT '';
CREATE INDEX invites_email ON invites (community_id, email_key) WHERE email_key <> '';

-- Links are looked up by the address that they were mailed to.
CREATE INDEX member_links_address ON member_links (community_id, email_hash);
