-- +goose Up
-- owner: member/tally
-- oldest: 127
-- Members in the order of their figures, for filters and sorted lists.
CREATE INDEX message_totals_messages ON message_totals (community_id, messages, user_id);
CREATE INDEX message_totals_replies ON message_totals (community_id, replies, user_id);
CREATE INDEX message_totals_reactions ON message_totals (community_id, reactions, user_id);
CREATE INDEX member_presence_visits ON member_presence (community_id, visits, user_id);
CREATE INDEX member_presence_minutes ON member_presence (community_id, minutes, user_id);
CREATE INDEX member_presence_streak ON member_presence (community_id, streak, user_id, streak_day);
