package event

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/sqldb"
)

// deleteBatch is how many events one statement deletes.
const deleteBatch = 2_000

// Sweep deletes the events that are older than the retention time and that every
// consumer has passed, the oldest first.
func (s *Events) Sweep(ctx context.Context) error {
	last, err := lastSequences(ctx, s.db)
	if err != nil {
		return err
	}
	for communityID, sequence := range last {
		if err := s.sweepCommunity(ctx, communityID, sequence); err != nil {
			return err
		}
	}
	return nil
}

func (s *Events) sweepCommunity(ctx context.Context, communityID string, last int64) error {
	oldest, err := oldestSequence(ctx, s.db, communityID)
	if err != nil || oldest == 0 {
		return err
	}
	until, err := expiredBefore(ctx, s.db, communityID, last, s.clock.Now().Add(-s.retention).UnixMilli())
	if err != nil || until < oldest {
		return err
	}
	if until, err = s.passedByAll(ctx, communityID, until); err != nil {
		return err
	}
	for after := oldest - 1; after < until; after += deleteBatch {
		if err := deleteEvents(ctx, s.db, communityID, after, min(after+deleteBatch, until)); err != nil {
			return err
		}
	}
	return nil
}

// passedByAll returns the highest number up to until that every consumer has
// passed.
func (s *Events) passedByAll(ctx context.Context, communityID string, until int64) (int64, error) {
	positions, err := selectPositions(ctx, s.db, communityID)
	if err != nil {
		return 0, err
	}
	for _, c := range s.consumers {
		position := positions[c.Name]
		if position >= until {
			continue
		}
		has, err := hasEvents(ctx, s.db, communityID, position, until, c.kinds())
		if err != nil {
			return 0, err
		}
		if has {
			until = position
		}
	}
	return until, nil
}

// EraseMembers erases the data of the events that concern members of a community.
// The events remain, with type, number and time.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	return eraseOfMembers(ctx, tx, communityID, userIDs)
}

// Rewrite replaces the data of events that concern members, are of some types and have a
// text in their data, in the caller's transaction.
func Rewrite(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs, types []string, text string, f func(data json.RawMessage) (any, error)) error {
	list, err := selectWithText(ctx, tx, communityID, userIDs, types, text)
	if err != nil {
		return err
	}
	for i := range list {
		data, err := f(json.RawMessage(list[i].data))
		if err != nil {
			return err
		}
		encoded, err := json.Marshal(data)
		if err != nil {
			return err
		}
		if err := setData(ctx, tx, communityID, list[i].order, encoded); err != nil {
			return err
		}
	}
	return nil
}
