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
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// The sizes of the messages section.
var (
	writers      = []int{1, 16, 64}
	sendChannels = []int{1, 64}
	channelSizes = []int{10_000, 1_000_000}
)

const authors = 100 // that send

// sending has the results of sends by some writers, and of plain inserts of the same
// rows by the database alone in the same rounds.
type sending struct {
	engine            string
	writers, channels int
	ours, alone       responses
}

// reading has the results of reading the newest messages of a channel.
type reading struct {
	engine string
	size   int // of the channel
	ours   responses
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
	channels, err := v.createChannels(ctx, sendChannels[len(sendChannels)-1]+len(channelSizes))
	if err != nil {
		return nil, err
	}
	r := &messageResult{}
	for _, n := range sendChannels {
		for _, count := range writers {
			s, err := b.measureSends(ctx, v, d, channels[:n], count)
			if err != nil {
				return nil, err
			}
			r.sends = append(r.sends, s)
		}
	}
	for i, size := range channelSizes {
		read, err := b.measureNewest(ctx, v, d, channels[len(channels)-1-i], size)
		if err != nil {
			return nil, err
		}
		r.reads = append(r.reads, read)
	}
	return r, nil
}

func (b *bench) measureSends(ctx context.Context, v *server, d *direct, channels []string, count int) (*sending, error) {
	s := &sending{engine: v.store.engine, writers: count, channels: len(channels)}
	var ours, alone []responses
	for range b.rounds {
		answered, err := b.measureServer(ctx, v.address, count, v.sendRequest(channels))
		if err != nil {
			return nil, err
		}
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

func (b *bench) measureNewest(ctx context.Context, v *server, d *direct, channel string, size int) (*reading, error) {
	if err := d.fill(ctx, channel, size); err != nil {
		return nil, err
	}
	r := &reading{engine: v.store.engine, size: size}
	var all []responses
	for range b.rounds {
		answered, err := b.measureServer(ctx, v.address, 1, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "GET /v1/messages?channel_id=%s&count=50 HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", channel, v.address, v.key)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, answered)
	}
	r.ours = medianRate(all)
	b.logf("%s, newest 50 of %d messages: median %s, p99 %s", r.engine, size, median(r.ours.durations), quantile(r.ours.durations, 0.99))
	return r, nil
}

func (b *bench) reportMessages(list []*messageResult) error {
	var sends, reads []string
	for _, r := range list {
		for _, s := range r.sends {
			sends = append(sends, fmt.Sprintf("%s|%d|%d|%.0f|%s|%s|%.0f|%.2f", s.engine, s.channels, s.writers, s.ours.perSecond(), median(s.ours.durations), quantile(s.ours.durations, 0.99), s.alone.perSecond(), s.ours.perSecond()/s.alone.perSecond()))
		}
		for _, m := range r.reads {
			reads = append(reads, fmt.Sprintf("%s|%d|%s|%s", m.engine, m.size, median(m.ours.durations), quantile(m.ours.durations, 0.99)))
		}
	}
	if err := printTable(b.out, "engine|channels|writers|sends a second|median|p99|plain inserts a second|part of it", sends); err != nil {
		return err
	}
	return printTable(b.out, "engine|messages of the channel|newest 50, median|p99", reads)
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

// fill inserts messages of the past into a channel.
func (d *direct) fill(ctx context.Context, channel string, size int) error {
	const batch = 10_000
	from := d.clock.Now().Add(-time.Duration(size) * time.Second)
	for done := 0; done < size; done += batch {
		err := d.db.Tx(ctx, func(tx *sqldb.Tx) error {
			for i := range min(batch, size-done) {
				at := from.Add(time.Duration(done+i) * time.Second)
				_, err := tx.Exec(ctx, "INSERT INTO messages ("+messageColumns+`) VALUES ($1, $2, $3, 'message', '', $4, '[]', '', '', '', '', '', FALSE, FALSE, FALSE, 0, 0, 0, 0, $5)`,
					d.community, channel, id.New(at), fmt.Sprintf("Message %d: see you at eight?", done+i), at.UnixMilli())
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, err := d.db.Exec(ctx, "INSERT INTO message_counts (community_id, channel_id, shard, total) VALUES ($1, $2, 0, $3)", d.community, channel, size)
	return err
}
