-- +goose Up
-- Numbers of members and accounts come from one sequence.
CREATE SEQUENCE user_numbers;
SELECT setval('user_numbers', COALESCE(MAX(number), 0) + 1, FALSE) FROM (SELECT number FROM accounts UNION ALL SELECT number FROM members) AS taken;
