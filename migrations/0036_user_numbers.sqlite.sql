-- +goose Up
-- Numbers of members and accounts come from one sequence.
CREATE TABLE user_numbers (last BIGINT NOT NULL);
INSERT INTO user_numbers (last) SELECT COALESCE(MAX(number), 0) FROM (SELECT number FROM accounts UNION ALL SELECT number FROM members) AS taken;
