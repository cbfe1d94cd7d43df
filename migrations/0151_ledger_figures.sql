-- +goose Up
-- owner: ledger
-- oldest: 127
-- Balances and earnings by member, for filters and lists.
CREATE VIEW member_xp AS SELECT b.community_id, h.user_id, b.posted AS amount FROM ledger_balances b
  JOIN ledger_holders h ON h.community_id = b.community_id AND h.holder = b.holder WHERE b.unit = 'xp';
CREATE VIEW member_coins AS SELECT b.community_id, h.user_id, b.posted AS amount FROM ledger_balances b
  JOIN ledger_holders h ON h.community_id = b.community_id AND h.holder = b.holder WHERE b.unit = 'coins';
CREATE VIEW member_premium AS SELECT b.community_id, h.user_id, b.posted AS amount FROM ledger_balances b
  JOIN ledger_holders h ON h.community_id = b.community_id AND h.holder = b.holder WHERE b.unit = 'premium';
CREATE VIEW member_xp_days AS SELECT d.community_id, h.user_id, d.day, d.earned FROM ledger_days d
  JOIN ledger_holders h ON h.community_id = d.community_id AND h.holder = d.holder WHERE d.unit = 'xp';
CREATE VIEW member_coins_days AS SELECT d.community_id, h.user_id, d.day, d.earned FROM ledger_days d
  JOIN ledger_holders h ON h.community_id = d.community_id AND h.holder = d.holder WHERE d.unit = 'coins';
