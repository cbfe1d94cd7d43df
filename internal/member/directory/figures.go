package directory

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/member/figure"
)

// dayValue is the value of a condition on a figure that depends on the day, see place.
type dayValue struct{ n, today int64 }

// resolve returns the conditions as they are at the time.
func (s *Directory) resolve(ctx context.Context, communityID string, where []Condition) ([]Condition, error) {
	if !slices.ContainsFunc(where, func(c Condition) bool { return c.Field.IsFigure() }) {
		return where, nil
	}
	at, err := figure.Now(ctx, s.db, s.clock, communityID)
	if err != nil {
		return nil, err
	}
	where = slices.Clone(where)
	for i, c := range where {
		switch {
		case !c.Field.IsFigure():
		case figures[c.Field.Field].day != "":
			n, _ := c.Value.(int64)
			where[i].Value = dayValue{n: n, today: at.Today}
		case c.Value == true:
			where[i] = Condition{c.Field, Above, at.MS}
		case c.Value == false:
			where[i] = Condition{c.Field, AtMost, at.MS}
		}
	}
	return where, nil
}

// today returns the number of the present day if a figure depends on it, else 0.
func (s *Directory) today(ctx context.Context, communityID, name string) (int64, error) {
	if figures[name].day == "" {
		return 0, nil
	}
	at, err := figure.Now(ctx, s.db, s.clock, communityID)
	return at.Today, err
}

// unordered reports whether the rows that match are in another order than the members.
func (c Condition) unordered() bool { return figures[c.Field.Field].unordered }

// matchesNone reports whether the condition on a figure matches members that have done
// nothing.
func (c Condition) matchesNone() bool {
	n, _ := c.Value.(int64)
	if ofDay, ok := c.Value.(dayValue); ok {
		n = ofDay.n
	}
	switch c.Op {
	case AtLeast:
		return n <= 0
	case Above:
		return n < 0
	case AtMost:
		return n >= 0
	case Below:
		return n > 0
	default:
		return n == 0
	}
}
