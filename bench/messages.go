//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// sendChannels are the numbers of channels that receive messages.
var sendChannels = []int{1, 64}

const authors = 100 // that send

// sending has the results of sends by some writers, and of plain inserts of the same
// rows by the database alone in the same rounds.
type sending struct {
	engine            string
	writers, channels int
	ours, alone       responses
	perCommit         float64 // transactions in a durable commit of SQLite; 0: unknown
}

// reading has the results of one kind of request that reads messages, and of its query
// by the database alone.
type reading struct {
	engine, what string
	bound        string
	ours, alone  responses
}

// messageResult is what the messages section has measured.
type messageResult struct {
	sends []*sending
	reads []*reading
}

func (b *bench) messages(ctx context.Context) ([]*messageResult, error) {
	var list []*messageResult
	for _, engine := range b.engines {
		err := b.serve(ctx, engine, func(v *server) error {
			r, err := b.measureMessages(ctx, v)
			list = append(list, r)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("messages on %s: %w", engine, err)
		}
	}
	return list, nil
}

func (b *bench) measureMessages(ctx context.Context, v *server) (_ *messageResult, err error) {
	d, err := openDirect(ctx, v)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := v.createAuthors(ctx); err != nil {
		return nil, err
	}
	channels, err := v.createChannels(ctx, max(unreadChannels, sendChannels[len(sendChannels)-1]+len(b.channelSizes)))
	if err != nil {
		return nil, err
	}
	r := &messageResult{}
	for _, n := range sendChannels {
		for _, count := range b.writers {
			s, err := b.measureSends(ctx, v, d, channels[:n], count)
			if err != nil {
				return nil, err
			}
			r.sends = append(r.sends, s)
		}
	}
	if r.reads, err = b.measureReads(ctx, v, d, channels); err != nil {
		return nil, err
	}
	beside, err := b.measureSendsBesideImport(ctx, v, channels[:1])
	if err != nil {
		return nil, err
	}
	r.sends = append(r.sends, beside)
	return r, nil
}

func (b *bench) measureSends(ctx context.Context, v *server, d *direct, channels []string, count int) (*sending, error) {
	s := &sending{engine: v.store.engine, writers: count, channels: len(channels)}
	var ours, alone []responses
	// The first requests open and prepare the connections to the database.
	if _, err := b.measureServer(ctx, v.address, count, v.sendRequest(channels)); err != nil {
		return nil, err
	}
	for range b.rounds {
		before, err := v.commits(ctx)
		if err != nil {
			return nil, err
		}
		answered, err := b.measureServer(ctx, v.address, count, v.sendRequest(channels))
		if err != nil {
			return nil, err
		}
		after, err := v.commits(ctx)
		if err != nil {
			return nil, err
		}
		s.perCommit = max(s.perCommit, after.since(before))
		ours = append(ours, answered)
		if answered, err = b.repeat(ctx, count, func(ctx context.Context) error { return d.message(ctx, channels[rand.IntN(len(channels))]) }); err != nil {
			return nil, fmt.Errorf("by the database alone: %w", err)
		}
		alone = append(alone, answered)
	}
	s.ours, s.alone = medianRate(ours), medianRate(alone)
	b.logf("%s, %d writers, %d channels: %.0f/s, p99 %s; the database alone %.0f/s", s.engine, count, len(channels), s.ours.perSecond(), quantile(s.ours.durations, 0.99), s.alone.perSecond())
	return s, nil
}

func (b *bench) reportMessages(list []*messageResult) error {
	var sends, reads []string
	for _, r := range list {
		for _, s := range r.sends {
			alone, part, perCommit := "", "", ""
			if s.perCommit > 0 {
				perCommit = fmt.Sprintf("%.1f", s.perCommit)
			}
			if s.alone.over > 0 {
				alone, part = fmt.Sprintf("%.0f", s.alone.perSecond()), fmt.Sprintf("%.2f", s.ours.perSecond()/s.alone.perSecond())
			}
			sends = append(sends, fmt.Sprintf("%s|%d|%s|%.0f|%s|%s|%s|%s|%s", s.engine, s.channels, s.over(), s.ours.perSecond(), median(s.ours.durations), quantile(s.ours.durations, 0.99), alone, part, perCommit))
		}
		for _, m := range r.reads {
			reads = append(reads, fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s", m.engine, m.what, median(m.ours.durations), quantile(m.ours.durations, 0.99), m.bound, median(m.alone.durations), quantile(m.alone.durations, 0.99)))
		}
	}
	if err := printTable(b.out, "engine|channels|writers|sends a second|median|p99|plain inserts a second|part of it|sends per fsync", sends); err != nil {
		return err
	}
	return printTable(b.out, "engine|request over 1 connection|median|p99|bound of p99|the database alone, median|p99", reads)
}

// createAuthors creates the members that send.
func (v *server) createAuthors(ctx context.Context) error {
	for i := range authors {
		name := fmt.Sprintf("author%d", i)
		body := map[string]any{"email": name + "@example.com", "username": name, "firstname": "Ada", "lastname": "Lovelace"}
		if err := v.must(ctx, http.MethodPost, "/v1/users", body, nil); err != nil {
			return err
		}
	}
	return nil
}

func (v *server) createChannels(ctx context.Context, n int) (ids []string, err error) {
	for i := range n {
		var created struct {
			ID string `json:"_id"`
		}
		if err := v.must(ctx, http.MethodPost, "/v1/channels", map[string]any{"topic": fmt.Sprintf("channel %d", i)}, &created); err != nil {
			return nil, err
		}
		ids = append(ids, created.ID)
	}
	return ids, nil
}

// sendRequest returns a function that writes a request to send.
func (v *server) sendRequest(channels []string) func(io.Writer) error {
	var sent atomic.Int64
	return func(w io.Writer) error {
		n := sent.Add(1)
		body, err := json.Marshal(map[string]any{"channelId": channels[rand.IntN(len(channels))], "sender": fmt.Sprintf("author%d", n%authors), "message": fmt.Sprintf("Message %d: see you at eight?", n)})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "POST /v1/messages/send HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", v.address, v.key, len(body), body)
		return err
	}
}

const messageColumns = "community_id, channel_id, id, kind, author_id, text, mentions, parent_id, reply_to_id, topic_id, via_type, via_name, hushed, has_image, has_link, reply_count, pinned_at, edited_at, deleted_at, posted_at"

// message inserts a message in one durable transaction.
func (d *direct) message(ctx context.Context, channel string) error {
	return d.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := d.clock.Now()
		_, err := tx.Exec(ctx, "INSERT INTO messages ("+messageColumns+`) VALUES ($1, $2, $3, 'message', $1, 'Message: see you at eight?', '[]', '', '', '', '', '', FALSE, FALSE, FALSE, 0, 0, 0, 0, $4)`,
			d.community, channel, id.New(now), now.UnixMilli())
		return err
	})
}
