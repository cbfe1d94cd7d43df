// Package activity reads what members did and earned day by day, and their entries in the
// ledger. Other packages write both.
package activity

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/subject"
	"github.com/regulars/regulars/internal/sqldb"
)

// Activity reads the activity of members. It is safe for concurrent use.
type Activity struct{ d Deps }

// Deps are the dependencies of an Activity.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
}

// New returns the Activity of a database.
func New(d Deps) *Activity { return &Activity{d} }

// Limits of requests.
const (
	MaxDays  = 365
	totalCap = 10_000 // up to which filtered entries are counted
)

func (a *Activity) viewer(ctx context.Context, caller actor.Actor, communityID string) (subject.Viewer, error) {
	return subject.NewViewer(ctx, a.d.Access, caller, communityID, permission.GetUserStats)
}

// Earned is what a member earned on a day.
type Earned struct{ XP, Coins int64 }

// OfDay is the activity of a member on a day.
type OfDay struct {
	Identifier string
	UserID     string
	Earned
}

// Day is the result of Daily.
type Day struct {
	Day      int64 // since 1970
	Rows     []OfDay
	Found    int
	NotFound []string
}

// Daily returns what members earned on a day, given as time.DateOnly or DD/MM/YYYY, "" for
// today: the members of a page of names in their order. It fails with Forbidden
// "missing_permission" for other members unless the caller may read the activity of all,
// and as subject.Resolve does.
func (a *Activity) Daily(ctx context.Context, caller actor.Actor, communityID string, n subject.Names, date string, page, limit int) (Day, error) {
	v, err := a.viewer(ctx, caller, communityID)
	if err != nil {
		return Day{}, err
	}
	home, err := community.Load(ctx, a.d.DB, communityID)
	if err != nil {
		return Day{}, err
	}
	result := Day{Day: home.Day(a.d.Clock.Now()), NotFound: []string{}}
	if date != "" {
		if result.Day, err = parseDay(date); err != nil {
			return Day{}, err
		}
	}
	found, err := subject.Resolve(ctx, a.d.DB, communityID, n)
	if err != nil {
		return Day{}, err
	}
	for _, value := range n.Values {
		who, known := found[value]
		if !known {
			if err := v.Check(nil); err != nil {
				return Day{}, err
			}
			result.NotFound = append(result.NotFound, value)
			continue
		}
		if err := v.Check(who); err != nil {
			return Day{}, err
		}
		result.Found++
	}
	from := min((page-1)*limit, len(n.Values))
	var ids []string
	for _, value := range n.Values[from:min(from+limit, len(n.Values))] {
		if who, known := found[value]; known {
			result.Rows = append(result.Rows, OfDay{Identifier: value, UserID: who.ID})
			ids = append(ids, who.ID)
		}
	}
	earned, err := earnedOf(ctx, a.d.DB, communityID, ids, result.Day, result.Day)
	for i := range result.Rows {
		result.Rows[i].Earned = earned[dayOf{result.Rows[i].UserID, result.Day}]
	}
	return result, err
}

// parseDay returns the number of a day.
func parseDay(date string) (int64, error) {
	for _, layout := range []string{"02/01/2006", time.DateOnly} {
		if at, err := time.Parse(layout, date); err == nil {
			return community.DayOf(at), nil
		}
	}
	return 0, errs.InvalidFields([]errs.Field{errs.Wrong("date", "wrong_format", "Send a day such as 28/11/2026 or 2026-11-28.")})
}

// Counts are what a member did and earned.
type Counts struct {
	Messages, Replies, Reactions int64
	Earned
}

func (c *Counts) add(d Counts) {
	c.Messages += d.Messages
	c.Replies += d.Replies
	c.Reactions += d.Reactions
	c.XP += d.XP
	c.Coins += d.Coins
}

// Stats is the activity of a member on consecutive days.
type Stats struct {
	UserID   string
	FirstDay int64    // since 1970
	Days     []Counts // the first day first
	Total    Counts
}

// Stats returns the activity of the member that n names in the last days, today included.
// It fails as Daily does, or with NotFound "user_not_found".
func (a *Activity) Stats(ctx context.Context, caller actor.Actor, communityID string, n subject.Names, days int) (Stats, error) {
	who, home, err := a.subject(ctx, caller, communityID, n)
	if err != nil {
		return Stats{}, err
	}
	today := home.Day(a.d.Clock.Now())
	s := Stats{UserID: who.ID, FirstDay: today - int64(days) + 1, Days: make([]Counts, days)}
	from, to := home.DayStart(s.FirstDay).UnixMilli(), home.DayStart(today+1).UnixMilli()
	slots, err := written(ctx, a.d.DB, communityID, who.ID, from, to)
	if err != nil {
		return Stats{}, err
	}
	for _, one := range slots {
		s.Days[home.Day(time.UnixMilli(one.at))-s.FirstDay].add(one.Counts)
	}
	earned, err := earnedOf(ctx, a.d.DB, communityID, []string{who.ID}, s.FirstDay, today)
	for key, one := range earned {
		s.Days[key.day-s.FirstDay].add(Counts{Earned: one})
	}
	for _, one := range s.Days {
		s.Total.add(one)
	}
	return s, err
}

// subject returns the member that n names, if the caller may read its activity.
func (a *Activity) subject(ctx context.Context, caller actor.Actor, communityID string, n subject.Names) (who *member.Record, home community.Community, err error) {
	v, err := a.viewer(ctx, caller, communityID)
	if err != nil {
		return who, home, err
	}
	if who, err = v.One(ctx, a.d.DB, communityID, n); err != nil {
		return who, home, err
	}
	home, err = community.Load(ctx, a.d.DB, communityID)
	return who, home, err
}

// Filter selects entries of the ledger. Empty values match all.
type Filter struct {
	Unit     ledger.Unit
	Source   string // type
	From, To string // days, both included, or instants, To excluded: of the facts
	Page     int    // from 1
	Limit    int
}

// Log is a part of the entries of a member, the newest first.
type Log struct {
	UserID      string
	Entries     []ledger.Entry
	Total       int64
	TotalCapped bool // there are more than Total
}

// Logs returns entries of the member that n names. It fails as Stats does.
func (a *Activity) Logs(ctx context.Context, caller actor.Actor, communityID string, n subject.Names, f Filter) (Log, error) {
	who, home, err := a.subject(ctx, caller, communityID, n)
	if err != nil {
		return Log{}, err
	}
	from, to, err := f.span(home)
	if err != nil {
		return Log{}, err
	}
	l := Log{UserID: who.ID}
	holder, err := ledger.HolderOf(ctx, a.d.DB, communityID, who.ID)
	if err != nil || holder == "" {
		return l, err
	}
	q := logQuery{communityID: communityID, holder: holder, filter: f, from: from, to: to}
	if l.Total, err = q.count(ctx, a.d.DB); err != nil {
		return l, err
	}
	if q.filtered() && l.Total > totalCap {
		l.Total, l.TotalCapped = totalCap, true
	}
	l.Entries, err = q.page(ctx, a.d.DB)
	for i := range l.Entries {
		l.Entries[i].UserID = who.ID
	}
	return l, err
}

// span returns the times of the filter, in Unix milliseconds; 0: open.
func (f Filter) span(home community.Community) (from, to int64, err error) {
	var wrong []errs.Field
	parse := func(name, given string, later int64) int64 {
		if given == "" {
			return 0
		}
		if day, err := time.Parse(time.DateOnly, given); err == nil {
			return home.DayStart(community.DayOf(day) + later).UnixMilli()
		}
		at, err := time.Parse(time.RFC3339Nano, given)
		if err != nil {
			wrong = append(wrong, errs.Wrong(name, "wrong_format", "Send a day such as 2026-11-28, or an instant such as 2026-11-28T10:00:00.000Z."))
		}
		return at.UnixMilli()
	}
	from, to = parse("from", f.From, 0), parse("to", f.To, 1)
	return from, to, errs.InvalidFields(wrong)
}
