package api_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// raced is a community whose rule of messages and whose badge change while members write.
// Version n of the rule pays 10n XP and n coins. The badge of k messages pays 100k XP and
// k coins.
type raced struct {
	*badging
	badge string
}

func (m *raced) setRule(t *testing.T, version int) {
	t.Helper()
	body := fmt.Sprintf(`{"payKeyMessages":true,"message":{"enabled":true,"xp":%d,"coins":%d,"time":0,"dailyCap":null}}`, 10*version, version)
	if got := send(t, m.app, "PUT", "/v1/gamification/xp-settings", m.key, body); got.at("data.version") != float64(version) {
		t.Errorf("%d %s, want version %d", got.status, got.text, version)
	}
}

func (m *raced) setBadge(t *testing.T, messages int) {
	t.Helper()
	body := fmt.Sprintf(`{"quantity":%d,"awardXpQuantity":%d,"awardCurrencyQuantity":%d}`, messages, 100*messages, messages)
	if got := send(t, m.app, "PUT", "/v1/badges/"+m.badge, m.key, body); got.status != 200 {
		t.Errorf("%d %s", got.status, got.text)
	}
}

func (m *raced) write(t *testing.T, user string) {
	t.Helper()
	body := fmt.Sprintf(`{"channelId":%q,"message":"Hello","sender":%q}`, m.channel, user)
	if got := send(t, m.app, "POST", "/v1/messages/send", m.key, body); got.status != 200 {
		t.Errorf("%d %s", got.status, got.text)
	}
}

// paid is what a source has paid to a member.
type paid struct {
	source    string
	entries   int64
	xp, coins int64
	at        int64 // Unix milliseconds
}

func (m *raced) paid(t *testing.T, sourceType string) []paid {
	t.Helper()
	list, err := sqldb.All(t.Context(), m.app.DB, func(s sqldb.Scanner) (p paid, err error) {
		return p, s.Scan(&p.source, &p.entries, &p.xp, &p.coins, &p.at)
	}, `SELECT source_id, count(*), CAST(sum(CASE WHEN unit = 'xp' THEN amount ELSE 0 END) AS BIGINT), CAST(sum(CASE WHEN unit = 'coins' THEN amount ELSE 0 END) AS BIGINT), min(occurred_at)
		FROM ledger_entries WHERE community_id = $1 AND source_type = $2 GROUP BY source_id`, m.home, sourceType)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// inForce returns when versions of the rule began, by version.
func (m *raced) inForce(t *testing.T) map[int64]int64 {
	t.Helper()
	began := map[int64]int64{}
	_, err := sqldb.All(t.Context(), m.app.DB, func(s sqldb.Scanner) (none struct{}, err error) {
		var version, from int64
		err = s.Scan(&version, &from)
		began[version] = from
		return none, err
	}, "SELECT version, valid_from FROM xp_settings WHERE community_id = $1", m.home)
	if err != nil {
		t.Fatal(err)
	}
	return began
}

func TestEachMessageIsPaidOnceByOneVersionOfTheRule(t *testing.T) {
	const rounds, each = 3, 5 // messages of a member in a round
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := &raced{badging: newBadging(t, a)}
		people := []string{"ada", "gus", "mod"}
		m.badge = m.create(t, `{"title":"Writer","action":"messages","quantity":7,"award":true,"awardXpQuantity":700,"awardCurrency":true,"awardCurrencyQuantity":7}`)
		m.setRule(t, 2)
		var changer sync.WaitGroup
		applied := make(chan struct{})
		changer.Go(func() {
			for version := 3; ; version++ {
				select {
				case <-applied:
					return
				default:
					m.setRule(t, version)
					m.setBadge(t, 7+version%3)
				}
			}
		})
		total := 0
		for range rounds {
			var writers sync.WaitGroup
			for _, name := range people {
				writers.Go(func() {
					for range each {
						m.write(t, name)
					}
				})
			}
			writers.Wait()
			total += len(people) * each
			until(t, func() bool { return len(m.paid(t, ledger.FromRule)) >= total })
		}
		close(applied)
		changer.Wait()
		m.write(t, "ada") // events are handled in their order: after it none is left
		total++
		until(t, func() bool { return len(m.paid(t, ledger.FromRule)) >= total })
		m.events(t, "badge.awarded", len(people))
		m.wantWhole(t, total)
		m.wantBadges(t, len(people))
		if got, _, err := a.Chain.Verify(t.Context(), apptest.Operator, m.home); err != nil || !got.OK {
			t.Errorf("%+v (%v)", got, err)
		}
	})
}

// wantWhole checks that each message has paid once, what a version of its time pays.
func (m *raced) wantWhole(t *testing.T, total int) {
	t.Helper()
	began, used := m.inForce(t), map[int64]bool{}
	list := m.paid(t, ledger.FromRule)
	for _, p := range list {
		version := p.coins
		used[version] = true
		from, known := began[version]
		until, ended := began[version+1]
		if p.entries != 2 || p.xp != 10*p.coins || !known || p.at < from || ended && p.at > until {
			t.Errorf("%+v by version %d, in force from %d to %d", p, version, from, until)
		}
	}
	if len(list) != total || len(used) < 2 {
		t.Errorf("%d messages were paid by %d versions, want %d by several", len(list), len(used), total)
	}
}

// wantBadges checks that each member has the badge once, with the reward of one of its
// versions.
func (m *raced) wantBadges(t *testing.T, total int) {
	t.Helper()
	list := m.paid(t, ledger.FromBadge)
	for _, p := range list {
		if p.entries != 2 || p.xp != 100*p.coins {
			t.Errorf("badge: %+v", p)
		}
	}
	if len(list) != total {
		t.Errorf("%d badges were paid, want %d", len(list), total)
	}
}
