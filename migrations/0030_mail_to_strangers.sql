-- +goose Up
-- The account that caused a message to an address that was never confirmed,
-- "account:<id>" or "key:<id>"; '' for messages outside that quota. Such a
-- message is in state throttled while its sender's or its community's quota is
-- used up, and in state stopped once the owner of the installation stopped it.
ALTER TABLE mail_outbox ADD COLUMN sender key_text NOT NULL DEFAULT '';
CREATE INDEX mail_outbox_throttled ON mail_outbox (sender, community_id, id) WHERE state = 'throttled';
