package readstate

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func scanState(s sqldb.Scanner) (state channelState, err error) {
	err = s.Scan(&state.channelID, &state.Muted, &state.Notify, &state.Unread, &state.Mentions, &state.LastMessageID, &state.LastReadID)
	state.Capped = state.Unread > MaxCount || state.Mentions > MaxCount
	state.Unread, state.Mentions = min(state.Unread, MaxCount), min(state.Mentions, MaxCount)
	return state, err
}

type channelState struct {
	channelID string
	State
}

// unreadIn is the condition of messages m that are unread in a channel w. SQLite would
// read a list of blocked authors again for each message, so it has a table of them; without
// any, the condition would take a sixth of the time.
func unreadIn(d sqldb.Dialect, who reader) string {
	const unread = "m.community_id = $1 AND m.channel_id = w.id AND (w.whole OR NOT m.hushed) AND m.deleted_at = 0 AND m.author_id <> $2"
	switch {
	case len(who.blocked) == 0:
		return unread
	case d == sqldb.Postgres:
		return unread + " AND NOT " + d.In("m.author_id", "$8")
	}
	return unread + " AND NOT EXISTS (SELECT 1 FROM blocked b WHERE b.author_id = m.author_id)"
}

// selectStates returns the states of the reader's channels, by channel.
func selectStates(ctx context.Context, q sqldb.Querier, communityID string, who reader) (map[string]State, error) {
	d, unread := q.Dialect(), unreadIn(q.Dialect(), who)
	found, err := sqldb.All(ctx, q, scanState, `WITH w AS MATERIALIZED (
			SELECT k.id, r.last_read_id, COALESCE(r.last_read_id, $3) AS marker, `+d.In("k.id", "$5")+` AS whole, COALESCE(p.muted, FALSE) AS muted, COALESCE(p.notify, 'all') AS notify
			FROM (`+d.Elements("id", "$4")+`) k
			LEFT JOIN read_markers r ON r.community_id = $1 AND r.user_id = $2 AND r.channel_id = k.id
			LEFT JOIN channel_preferences p ON p.community_id = $1 AND p.user_id = $2 AND p.channel_id = k.id),
			blocked AS MATERIALIZED (`+d.Elements("author_id", "$8")+`)
		SELECT w.id, w.muted, w.notify,
			(SELECT count(*) FROM (SELECT 1 FROM messages m`+d.IndexedBy("messages_unread")+` WHERE `+unread+` AND m.id > w.marker LIMIT $7) u),
			(SELECT count(*) FROM (SELECT DISTINCT n.message_id FROM (`+d.Elements("target", "$6")+`) k
				CROSS JOIN message_mentions n WHERE n.community_id = $1 AND n.channel_id = w.id AND n.target = k.target AND n.message_id > w.marker
				AND (SELECT count(*) FROM messages m`+d.IndexedBy("messages_unread")+` WHERE `+unread+` AND m.id = n.message_id) = 1 LIMIT $7) u),
			COALESCE((SELECT m.id FROM messages m WHERE m.community_id = $1 AND m.channel_id = w.id AND (m.deleted_at = 0 OR m.reply_count > 0) AND (m.hushed IN (FALSE, w.whole) OR m.author_id = $2)
				ORDER BY m.id DESC LIMIT 1), ''),
			COALESCE(w.last_read_id, (SELECT m.id FROM messages m WHERE m.community_id = $1 AND m.channel_id = w.id AND m.id < w.marker ORDER BY m.id DESC LIMIT 1), '')
		FROM w`,
		communityID, who.memberID, who.baseline, sqldb.Keys(who.channels), sqldb.Keys(who.whole), sqldb.Keys(who.targets), MaxCount+1, sqldb.Keys(who.blocked))
	states := make(map[string]State, len(found))
	for _, one := range found {
		states[one.channelID] = one.State
	}
	return states, err
}

// setMarker moves a marker to a message, only forward unless forced.
func setMarker(ctx context.Context, tx *sqldb.Tx, communityID, memberID, channelID, messageID string, force bool) error {
	return tx.Queue(ctx, `INSERT INTO read_markers (community_id, user_id, channel_id, last_read_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (community_id, user_id, channel_id) DO UPDATE SET last_read_id = excluded.last_read_id WHERE $5 OR read_markers.last_read_id < excluded.last_read_id`,
		communityID, memberID, channelID, messageID, force)
}

// setMarkerBefore moves a marker before a message, also back; "" before the first one.
func setMarkerBefore(ctx context.Context, tx *sqldb.Tx, communityID, memberID, channelID, messageID string) error {
	before, err := sqldb.One(ctx, tx, "message", sqldb.Value[string], "SELECT COALESCE(MAX(id), '') FROM messages WHERE community_id = $1 AND channel_id = $2 AND id < $3", communityID, channelID, messageID)
	if err != nil {
		return err
	}
	return setMarker(ctx, tx, communityID, memberID, channelID, before, true)
}

func loadPreferences(ctx context.Context, q sqldb.Querier, communityID, memberID, channelID string) (Preferences, error) {
	found, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (p Preferences, err error) { return p, s.Scan(&p.Muted, &p.Notify) },
		"SELECT muted, notify FROM channel_preferences WHERE community_id = $1 AND user_id = $2 AND channel_id = $3", communityID, memberID, channelID)
	if err != nil || len(found) == 0 {
		return Preferences{Notify: NotifyAll}, err
	}
	return found[0], nil
}

func setPreferences(ctx context.Context, tx *sqldb.Tx, communityID, memberID, channelID string, p Preferences) error {
	_, err := tx.Exec(ctx, `INSERT INTO channel_preferences (community_id, user_id, channel_id, muted, notify) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (community_id, user_id, channel_id) DO UPDATE SET muted = excluded.muted, notify = excluded.notify`, communityID, memberID, channelID, p.Muted, string(p.Notify))
	return err
}

// EraseMembers deletes the markers and preferences of members, in the caller's
// transaction. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	for _, table := range []string{"read_markers", "channel_preferences"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs)); err != nil {
			return err
		}
	}
	return nil
}

// ClearMarkers deletes markers of a deleted channel. It is a change.Clearer.
func ClearMarkers(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, limit int) (int64, error) {
	return tx.Exec(ctx, "DELETE FROM read_markers WHERE community_id = $1 AND channel_id = $2 AND user_id IN (SELECT user_id FROM read_markers WHERE community_id = $1 AND channel_id = $2 LIMIT $3)", communityID, channelID, limit)
}

// ClearPreferences deletes preferences for a deleted channel. It is a change.Clearer.
func ClearPreferences(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, limit int) (int64, error) {
	return tx.Exec(ctx, "DELETE FROM channel_preferences WHERE community_id = $1 AND channel_id = $2 AND user_id IN (SELECT user_id FROM channel_preferences WHERE community_id = $1 AND channel_id = $2 LIMIT $3)", communityID, channelID, limit)
}
