//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

// rewarding is the lag of rewards behind the messages that earn them.
type rewarding struct {
	engine, load string
	sent         int
	over         time.Duration // from the first message to the last reward
	lags         []time.Duration
}

const (
	rewardRate    = 1_000 // messages a second
	rewardFor     = 20 * time.Second
	rewardSenders = 64
	rewardPatient = 2 * time.Minute // for the last rewards
	lonelyTimes   = 100
)

// rewards measures on each engine how long after a message its author has the XP.
func (b *bench) rewards(ctx context.Context) (list []*rewarding, err error) {
	for _, engine := range b.engines {
		if err := b.serve(ctx, engine, func(v *server) error {
			found, err := b.measureRewards(ctx, v)
			list = append(list, found...)
			return err
		}); err != nil {
			return nil, fmt.Errorf("rewards on %s: %w", engine, err)
		}
	}
	return list, nil
}

func (b *bench) measureRewards(ctx context.Context, v *server) (list []*rewarding, err error) {
	if err := v.createAuthors(ctx); err != nil {
		return nil, err
	}
	channels, err := v.createChannels(ctx, 8)
	if err != nil {
		return nil, err
	}
	rules := map[string]any{"enabled": true, "payKeyMessages": true, "message": map[string]any{"enabled": true, "xp": 10, "coins": 0, "time": 0, "dailyCap": nil, "channels": []string{}}}
	if err := v.must(ctx, http.MethodPut, "/v1/gamification/xp-settings", rules, nil); err != nil {
		return nil, err
	}
	d, err := openDirect(ctx, v)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, load := range []struct {
		name string
		send func(context.Context) (int, error)
	}{
		{"one message at a time", func(ctx context.Context) (int, error) { return lonelyTimes, b.sendAlone(ctx, v, d, channels) }},
		{fmt.Sprintf("%d messages a second", rewardRate), func(ctx context.Context) (int, error) { return v.sendSteadily(ctx, channels) }},
		{"64 writers, as fast as they can", func(ctx context.Context) (int, error) {
			answered, err := b.measureServer(ctx, v.address, 64, v.sendRequest(channels))
			return len(answered.durations), err
		}},
	} {
		since := b.clock.MS()
		sent, err := load.send(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", load.name, err)
		}
		r, err := d.awaitRewards(ctx, since, sent)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", load.name, err)
		}
		r.engine, r.load = v.store.engine, load.name
		b.logf("%s, %s: %.0f rewards/s, p99 %s", r.engine, r.load, r.perSecond(), quantile(r.lags, 0.99))
		list = append(list, r)
	}
	return list, nil
}

func (r *rewarding) perSecond() float64 { return float64(r.sent) / r.over.Seconds() }

// sendAlone sends messages, each after the reward of the one before.
func (b *bench) sendAlone(ctx context.Context, v *server, d *direct, channels []string) error {
	since := b.clock.MS()
	for i := range lonelyTimes {
		if err := v.sendOne(ctx, channels[0], i); err != nil {
			return err
		}
		if _, err := d.awaitRewards(ctx, since, i+1); err != nil {
			return err
		}
	}
	return nil
}

// sendSteadily sends messages at a rate, at most 64 at a time, and returns their number.
func (v *server) sendSteadily(ctx context.Context, channels []string) (int, error) {
	during, stop := context.WithTimeout(ctx, rewardFor)
	defer stop()
	var sent, failed, open atomic.Int64
	var last atomic.Value
	pace(during, time.Second/rewardRate, func() {
		defer open.Add(-1)
		if open.Add(1) > rewardSenders {
			return
		}
		n := int(sent.Add(1))
		if err := v.sendOne(ctx, channels[n%len(channels)], n); err != nil {
			failed.Add(1)
			last.Store(err)
		}
	})
	if n := failed.Load(); n > 0 {
		err, _ := last.Load().(error)
		return 0, fmt.Errorf("%d of %d messages failed, the last with: %w", n, sent.Load(), err)
	}
	return int(sent.Load()), nil
}

func (v *server) sendOne(ctx context.Context, channel string, n int) error {
	body := map[string]any{"channelId": channel, "sender": fmt.Sprintf("author%d", n%authors), "message": fmt.Sprintf("Message %d: see you at eight?", n)}
	return v.must(ctx, http.MethodPost, "/v1/messages/send", body, nil)
}

// awaitRewards waits until so many messages since a time are paid, and returns their lags.
func (d *direct) awaitRewards(ctx context.Context, since int64, sent int) (*rewarding, error) {
	end := d.clock.Now().Add(rewardPatient)
	for {
		paid, err := sqldb.One(ctx, d.db, "rewards", sqldb.Value[int], "SELECT COUNT(*) FROM ledger_entries WHERE community_id = $1 AND source_type = 'xp_rule' AND occurred_at >= $2", d.community, since)
		if err != nil {
			return nil, err
		}
		if paid == sent {
			return d.loadRewards(ctx, since, sent)
		}
		if paid > sent || d.clock.Now().After(end) {
			return nil, fmt.Errorf("%d of %d messages are paid", paid, sent) //nolint:err113 // ends the program
		}
		if err := wait(ctx, 5*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func (d *direct) loadRewards(ctx context.Context, since int64, sent int) (*rewarding, error) {
	times, err := sqldb.All(ctx, d.db, func(s sqldb.Scanner) (pair [2]int64, err error) { return pair, s.Scan(&pair[0], &pair[1]) },
		"SELECT occurred_at, created_at FROM ledger_entries WHERE community_id = $1 AND source_type = 'xp_rule' AND occurred_at >= $2", d.community, since)
	if err != nil {
		return nil, err
	}
	r := &rewarding{sent: sent, lags: make([]time.Duration, 0, len(times))}
	first, last := times[0][0], times[0][1]
	for _, t := range times {
		first, last = min(first, t[0]), max(last, t[1])
		r.lags = append(r.lags, time.Duration(t[1]-t[0])*time.Millisecond)
	}
	slices.Sort(r.lags)
	r.over = time.Duration(last-first) * time.Millisecond
	return r, nil
}

func (b *bench) reportRewards(list []*rewarding) error {
	var rows []string
	for _, r := range list {
		rows = append(rows, fmt.Sprintf("%s|%s|%d|%.0f|%s|%s|%s", r.engine, r.load, r.sent, r.perSecond(), median(r.lags), quantile(r.lags, 0.99), r.lags[len(r.lags)-1]))
	}
	return printTable(b.out, "engine|load|messages|rewards a second|median lag|p99|greatest", rows)
}
