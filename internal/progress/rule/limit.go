package rule

import (
	"context"
	"math"
	"time"

	"github.com/regulars/regulars/internal/ledger"
)

// limits decide about cooldowns and daily caps, from what was paid before.
type limits struct {
	paid    map[limitKey][]int64 // times, Unix milliseconds
	days    map[dayKey]int64     // payments
	sources map[ledger.SourceOf]bool
}

type limitKey struct {
	userID string
	action Action
}

type dayKey struct {
	limitKey
	day int64
}

// zoneShift is the most that a change of the time zone moves a day.
const zoneShift = 26 * time.Hour

// loadLimits loads the payments near the facts.
func (p *pass) loadLimits(ctx context.Context, facts []fact) (*limits, error) {
	l := &limits{paid: map[limitKey][]int64{}, days: map[dayKey]int64{}, sources: map[ledger.SourceOf]bool{}}
	type span struct {
		from, to int64 // of cooldowns
		first    int64 // days of caps; none if last is lower
		last     int64
		userIDs  []string
	}
	spans := map[Action]span{}
	for _, one := range facts {
		rule := p.rule(one)
		if rule.Time == 0 && rule.DailyCap == nil {
			continue
		}
		s, known := spans[one.action]
		if !known {
			s = span{from: one.at, to: one.at, first: math.MaxInt64}
		}
		s.from, s.to, s.userIDs = min(s.from, one.at-rule.Time*1000), max(s.to, one.at+rule.Time*1000), append(s.userIDs, one.userID)
		if rule.DailyCap != nil {
			s.first, s.last = min(s.first, p.day(one)), max(s.last, p.day(one))
		}
		spans[one.action] = s
	}
	for _, action := range Actions {
		s, asked := spans[action]
		if !asked {
			continue
		}
		if s.first <= s.last {
			s.from = min(s.from, p.home.DayStart(s.first).Add(-zoneShift).UnixMilli())
			s.to = max(s.to, p.home.DayStart(s.last+1).Add(zoneShift).UnixMilli())
		}
		found, err := paymentsBetween(ctx, p.tx, p.communityID, action, s.userIDs, s.from, s.to)
		if err != nil {
			return nil, err
		}
		for _, one := range found {
			l.add(limitKey{one.userID, action}, one.at, one.day)
		}
	}
	return l, nil
}

func (l *limits) add(key limitKey, at, day int64) {
	l.paid[key] = append(l.paid[key], at)
	l.days[dayKey{key, day}]++
}

// admit reports whether a fact is paid, and counts it then: it was not paid before, no
// payment is within the cooldown before or after it, and its day has payments left.
func (l *limits) admit(one fact, rule Rule, day int64) bool {
	key, source := limitKey{one.userID, one.action}, ledger.SourceOf{UserID: one.userID, SourceID: one.source}
	if l.sources[source] || rule.DailyCap != nil && l.days[dayKey{key, day}] >= *rule.DailyCap {
		return false
	}
	for _, at := range l.paid[key] {
		if distance := max(at-one.at, one.at-at); distance < rule.Time*1000 {
			return false
		}
	}
	l.sources[source] = true
	l.add(key, one.at, day)
	return true
}
