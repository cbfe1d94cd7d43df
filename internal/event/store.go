package event

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// insertEvent inserts an event, without a number if Sequence is 0.
func insertEvent(ctx context.Context, tx *sqldb.Tx, e *Event) error {
	return tx.Queue(ctx, `
		INSERT INTO events (community_id, id, type, sequence, occurred_at, actor, user_id, data, conversation_id, depth)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.CommunityID, e.ID, e.Type, sql.Null[int64]{V: e.Sequence, Valid: e.Sequence > 0}, e.OccurredAt, e.Actor,
		sql.Null[string]{V: e.UserID, Valid: e.UserID != ""}, string(e.Data), e.ConversationID, int64(e.Depth))
}

// nextSequence sets the next number of the community on e, unless there are
// pending events, which have to be numbered first.
func nextSequence(ctx context.Context, tx *sqldb.Tx, e *Event) (numbered bool, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO event_sequences (community_id, last_sequence)
		SELECT $1, 1 WHERE NOT EXISTS (SELECT 1 FROM events WHERE sequence IS NULL)
		ON CONFLICT (community_id) DO UPDATE SET last_sequence = event_sequences.last_sequence + 1
		RETURNING last_sequence`, e.CommunityID).Scan(&e.Sequence)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func hasPending(ctx context.Context, q sqldb.Querier) (bool, error) {
	return sqldb.One(ctx, q, "event", sqldb.Value[bool], "SELECT EXISTS (SELECT 1 FROM events WHERE sequence IS NULL)")
}

// assignSequences numbers up to limit pending events. It returns the last number
// of each community, and how many events it numbered.
func assignSequences(ctx context.Context, tx *sqldb.Tx, limit int) (last map[string]int64, n int, err error) {
	last = map[string]int64{}
	_, err = sqldb.All(ctx, tx, func(s sqldb.Scanner) (none struct{}, err error) {
		var communityID string
		var sequence int64
		if err = s.Scan(&communityID, &sequence); err != nil {
			return none, err
		}
		last[communityID] = max(last[communityID], sequence)
		n++
		return none, nil
	}, `
		WITH pending AS (
			SELECT community_id, append_order FROM events WHERE sequence IS NULL ORDER BY append_order LIMIT $1
		), numbered AS (
			SELECT p.community_id, p.append_order,
				COALESCE(s.last_sequence, 0) + ROW_NUMBER() OVER (PARTITION BY p.community_id ORDER BY p.append_order) AS number
			FROM pending p LEFT JOIN event_sequences s ON s.community_id = p.community_id
		)
		UPDATE events SET sequence = n.number FROM numbered n
		WHERE events.sequence IS NULL AND events.community_id = n.community_id AND events.append_order = n.append_order
		RETURNING events.community_id, events.sequence`, int64(limit))
	return last, n, err
}

func setLastSequences(ctx context.Context, tx *sqldb.Tx, last map[string]int64) error {
	values, args := make([]string, 0, len(last)), make([]any, 0, 2*len(last))
	for communityID, sequence := range last {
		values = append(values, "("+sqldb.Placeholders(len(args)+1, 2)+")")
		args = append(args, communityID, sequence)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO event_sequences (community_id, last_sequence) VALUES `+strings.Join(values, ", ")+`
		ON CONFLICT (community_id) DO UPDATE SET last_sequence = excluded.last_sequence`, args...)
	return err
}

// lastSequence returns the last number of a community, 0 for none.
func lastSequence(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return orZero(sqldb.One(ctx, q, "sequence", sqldb.Value[int64], "SELECT last_sequence FROM event_sequences WHERE community_id = $1", communityID))
}

func orZero(n int64, err error) (int64, error) {
	if errs.KindOf(err) == errs.NotFound {
		return 0, nil
	}
	return n, err
}

// lastSequences returns the last numbers of communities, of all if none is
// given.
func lastSequences(ctx context.Context, q sqldb.Querier, communityIDs ...string) (map[string]int64, error) {
	where, args := "", []any{}
	if len(communityIDs) > 0 {
		where, args = " WHERE "+q.Dialect().In("community_id", "$1"), []any{sqldb.Keys(communityIDs)}
	}
	last := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var communityID string
		var sequence int64
		err = s.Scan(&communityID, &sequence)
		last[communityID] = sequence
		return none, err
	}, "SELECT community_id, last_sequence FROM event_sequences"+where, args...)
	return last, err
}

// oldestSequence returns the lowest number of a kept event of a community, 0 for
// none.
func oldestSequence(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return sqldb.One(ctx, q, "event", sqldb.Value[int64],
		"SELECT COALESCE(min(sequence), 0) FROM events WHERE community_id = $1 AND sequence IS NOT NULL", communityID)
}

const eventColumns = "community_id, id, type, sequence, occurred_at, actor, COALESCE(user_id, ''), data, conversation_id, depth"

func scanEvent(s sqldb.Scanner) (e Event, err error) {
	var data string
	err = s.Scan(&e.CommunityID, &e.ID, &e.Type, &e.Sequence, &e.OccurredAt, &e.Actor, &e.UserID, &data, &e.ConversationID, &e.Depth)
	e.Data = []byte(data)
	e.Erased = e.UserID == "" && e.Actor == "" && strings.Contains(data, `"erased"`)
	return e, err
}

// errEnough ends a query early.
var errEnough = errors.New("enough rows")

// kinds selects events.
type kinds struct {
	types         []string // empty: all
	conversations bool     // with those of conversations
}

// selectEvents returns up to limit events of some kinds with after < sequence <= to,
// in order. It ends early after maxBytes of data.
func selectEvents(ctx context.Context, q sqldb.Querier, communityID string, after, to int64, of kinds, limit, maxBytes int) (list []Event, full bool, err error) {
	where, args := of.where([]any{communityID, after, to, int64(limit)})
	size := 0
	_, err = sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		e, err := scanEvent(s)
		if err != nil {
			return none, err
		}
		list = append(list, e)
		if size += len(e.Data); size >= maxBytes {
			return none, errEnough
		}
		return none, nil
	}, "SELECT "+eventColumns+" FROM events WHERE community_id = $1 AND sequence > $2 AND sequence <= $3"+where+" ORDER BY sequence LIMIT $4", args...)
	if errors.Is(err, errEnough) {
		return list, true, nil
	}
	return list, len(list) == limit, err
}

// newestRange is the number of sequences in which Newest searches.
const newestRange = 200_000

// Newest returns the newest events of a type, the newest one first, without those of
// conversations.
func Newest(ctx context.Context, q sqldb.Querier, communityID, name string, limit int) ([]Event, error) {
	last, err := lastSequence(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	where, args := kinds{types: []string{name}}.where([]any{communityID, last - newestRange, int64(limit)})
	return sqldb.All(ctx, q, scanEvent, "SELECT "+eventColumns+" FROM events WHERE community_id = $1 AND sequence > $2"+where+" ORDER BY sequence DESC LIMIT $3", args...)
}

// hasEvents reports whether there are events of some kinds with
// after < sequence <= to.
func hasEvents(ctx context.Context, q sqldb.Querier, communityID string, after, to int64, of kinds) (bool, error) {
	where, args := of.where([]any{communityID, after, to})
	return sqldb.One(ctx, q, "event", sqldb.Value[bool],
		"SELECT EXISTS (SELECT 1 FROM events WHERE community_id = $1 AND sequence > $2 AND sequence <= $3"+where+")", args...)
}

// where returns a condition that selects the kinds, with its arguments appended.
func (k kinds) where(args []any) (where string, all []any) {
	if !k.conversations {
		where = " AND conversation_id = ''"
	}
	if len(k.types) == 0 {
		return where, args
	}
	where += fmt.Sprintf(" AND type IN (%s)", sqldb.Placeholders(len(args)+1, len(k.types)))
	for _, name := range k.types {
		args = append(args, name)
	}
	return where, args
}

// storedData is the data of an event.
type storedData struct {
	order int64 // of insertion
	data  string
}

// selectWithText returns the events of members that are of some types and have a text in
// their data.
func selectWithText(ctx context.Context, q sqldb.Querier, communityID string, userIDs, types []string, text string) ([]storedData, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (d storedData, err error) {
		return d, s.Scan(&d.order, &d.data)
	}, "SELECT append_order, data FROM events WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2")+" AND "+q.Dialect().In("type", "$3")+" AND CAST(data AS TEXT) LIKE $4",
		communityID, sqldb.Keys(userIDs), sqldb.Keys(types), "%"+text+"%")
}

func setData(ctx context.Context, tx *sqldb.Tx, communityID string, order int64, data []byte) error {
	_, err := tx.Exec(ctx, "UPDATE events SET data = $3 WHERE community_id = $1 AND append_order = $2", communityID, order, string(data))
	return err
}
