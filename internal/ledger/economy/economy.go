// Package economy has the totals of ledgers: what communities issue, what members spend, and
// what is outstanding.
package economy

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// Economy reads the totals of all communities. It is safe for concurrent use.
type Economy struct{ d Deps }

// Deps are the dependencies of an Economy.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
}

// New returns the Economy of a database.
func New(d Deps) *Economy { return &Economy{d} }

// Feature describes the package to the application.
func (e *Economy) Feature() feature.Feature { return feature.Feature{Name: "ledger/economy"} }

// Flow is what went to members and what came back.
type Flow struct {
	Issued  int64 // credits without refunds and reversals of debits
	Spent   int64 // debits without expiry, reversals and erasure, less refunds
	Expired int64
}

// SourceFlow are the entries of a type of source.
type SourceFlow struct {
	Type                       string // one of ledger.Sources
	Credited, Debited, Entries int64
}

// Unit is the economy of a unit in a period.
type Unit struct {
	Unit ledger.Unit
	Flow
	Outstanding int64        // balances of all members now
	Expiring    int64        // what ends within ExpiringDays and is not held
	Days        []Flow       // of each day of the period
	Sources     []SourceFlow // of the period, in the order of ledger.Sources, without empty ones
}

// ExpiringDays is the number of days of Unit.Expiring.
const ExpiringDays = 30

// Summary is the economy of a community in a period that ends today.
type Summary struct {
	First int64 // number of the first day since 1970
	Days  int   // of the period
	Units []Unit
}

// Summary returns the economy of the last days, as of the last seal, which is a few seconds
// old. It fails as access.Can does for Gamification.
func (e *Economy) Summary(ctx context.Context, caller actor.Actor, communityID string, days int) (Summary, error) {
	if err := e.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Summary{}, err
	}
	home, err := community.Load(ctx, e.d.DB, communityID)
	if err != nil {
		return Summary{}, err
	}
	now := e.d.Clock.Now()
	s := Summary{First: home.Day(now) - int64(days) + 1, Days: days}
	totals, err := selectTotals(ctx, e.d.DB, communityID, s.First)
	if err != nil {
		return s, err
	}
	for _, unit := range ledger.Units {
		u := Unit{Unit: unit, Days: make([]Flow, days)}
		if u.Outstanding, err = outstanding(ctx, e.d.DB, communityID, unit); err != nil {
			return s, err
		}
		if u.Expiring, err = expiring(ctx, e.d.DB, communityID, unit, now.UnixMilli(), now.AddDate(0, 0, ExpiringDays).UnixMilli()); err != nil {
			return s, err
		}
		u.add(totals, s.First)
		s.Units = append(s.Units, u)
	}
	return s, nil
}

// add adds the totals of the unit.
func (u *Unit) add(totals []total, first int64) {
	bySource := map[string]*SourceFlow{}
	for _, t := range totals {
		if t.unit != u.Unit {
			continue
		}
		flow := t.flow()
		u.Flow.add(flow)
		if slot := t.day - first; slot < int64(len(u.Days)) {
			u.Days[slot].add(flow)
		}
		if bySource[t.sourceType] == nil {
			bySource[t.sourceType] = &SourceFlow{Type: t.sourceType}
		}
		of := bySource[t.sourceType]
		of.Credited, of.Debited, of.Entries = of.Credited+t.credited, of.Debited+t.debited, of.Entries+t.entries
	}
	for _, sourceType := range ledger.Sources {
		if of := bySource[sourceType]; of != nil {
			u.Sources = append(u.Sources, *of)
		}
	}
}

func (f *Flow) add(more Flow) {
	f.Issued, f.Spent, f.Expired = f.Issued+more.Issued, f.Spent+more.Spent, f.Expired+more.Expired
}

// total are the entries of a unit, a day and a type of source.
type total struct {
	unit                       ledger.Unit
	day                        int64
	sourceType                 string
	credited, debited, entries int64
}

// flow returns what the total adds to the economy. A reversal subtracts what was issued.
func (t *total) flow() Flow {
	switch t.sourceType {
	case ledger.FromRefund:
		return Flow{Spent: -t.credited}
	case ledger.FromReversal:
		return Flow{Issued: -t.debited, Spent: -t.credited}
	case ledger.FromExpiry:
		return Flow{Expired: t.debited}
	case ledger.FromErasure:
		return Flow{}
	}
	return Flow{Issued: t.credited, Spent: t.debited}
}

// Add adds entries that are being sealed, in the caller's transaction.
func Add(ctx context.Context, tx *sqldb.Tx, communityID string, entries []ledger.Entry) error {
	home, err := community.Load(ctx, tx, communityID)
	if err != nil {
		return err
	}
	type key struct {
		unit       ledger.Unit
		day        int64
		sourceType string
	}
	sums := map[key]*total{}
	var order []*total
	for i := range entries {
		e := &entries[i]
		k := key{e.Unit, home.Day(time.UnixMilli(e.CreatedAt)), e.Source.Type}
		t := sums[k]
		if t == nil {
			t = &total{unit: k.unit, day: k.day, sourceType: k.sourceType}
			sums[k], order = t, append(order, t)
		}
		t.entries++
		t.credited += max(e.Amount, 0)
		t.debited -= min(e.Amount, 0)
	}
	for _, t := range order {
		if err := addTotal(ctx, tx, communityID, *t); err != nil {
			return err
		}
	}
	return nil
}
