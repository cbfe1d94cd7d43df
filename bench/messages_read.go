//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	unreadChannels = 200
	unreadMessages = 100 // at most, of a channel
	manyUnread     = 1_000
	fillBatch      = 10_000
)

// rareWords are words with the number of messages between two that have them.
var rareWords = []struct {
	word  string
	every int
}{{"aardvark", 100_000}, {"bandicoot", 10_000}, {"capybara", 1_000}, {"dromedary", 100}}

// measureReads measures requests that read messages.
func (b *bench) measureReads(ctx context.Context, v *server, d *direct, channels []string) (list []*reading, err error) {
	read := func(what, bound, key, path string, alone func(context.Context) error) error {
		r, err := b.measureRead(ctx, v, key, path, alone)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		r.engine, r.what, r.bound = v.store.engine, what, bound
		list = append(list, r)
		b.logf("%s, %s: median %s, p99 %s", r.engine, what, median(r.ours.durations), quantile(r.ours.durations, 0.99))
		return nil
	}
	for i, size := range b.channelSizes {
		channel := channels[len(channels)-1-i]
		if err := d.fill(ctx, channel, size, -time.Duration(size)*time.Second, nil); err != nil {
			return nil, err
		}
		err := read(fmt.Sprintf("newest 50 of %d messages", size), "", v.key, "/v1/messages?count=50&channel_id="+channel, func(ctx context.Context) error { return d.newest(ctx, channel) })
		if err != nil {
			return nil, err
		}
	}
	people, err := b.createPeople(ctx, v, 1)
	if err != nil {
		return nil, err
	}
	for _, unread := range []struct {
		what, bound string
		of          func(channel int) int // messages that are added
	}{
		{fmt.Sprintf("unread counts of %d channels with 0 to %d", unreadChannels, unreadMessages), "10 ms", func(i int) int { return i * unreadMessages / (unreadChannels - 1) }},
		{fmt.Sprintf("unread counts of %d channels with %d each", unreadChannels, manyUnread), "", func(int) int { return manyUnread }},
	} {
		for i, channel := range channels[:unreadChannels] {
			if err := d.fill(ctx, channel, unread.of(i), time.Duration(i+1)*time.Minute, nil); err != nil {
				return nil, err
			}
		}
		if err := d.analyze(ctx); err != nil {
			return nil, err
		}
		if err := read(unread.what, unread.bound, people[0], "/v1/channels?communityId="+v.community, d.unread); err != nil {
			return nil, err
		}
	}
	if err := d.fill(ctx, channels[0], b.searched, -time.Duration(b.searched)*time.Second, rare); err != nil {
		return nil, err
	}
	if err := d.analyze(ctx); err != nil {
		return nil, err
	}
	for _, one := range rareWords {
		what := fmt.Sprintf("search %d messages for a word of %d", b.searched, b.searched/one.every)
		if err := read(what, "50 ms", v.key, "/v1/messages/search?q="+one.word, func(ctx context.Context) error { return d.search(ctx, one.word) }); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// rare returns the text of a searched message.
func rare(n int) string {
	text := fmt.Sprintf("Message %d: see you at eight?", n)
	for _, one := range rareWords {
		if n%one.every == 0 {
			text += " " + one.word
		}
	}
	return text
}

// measureRead measures a GET request, in turns with a query by the database alone.
func (b *bench) measureRead(ctx context.Context, v *server, key, path string, query func(context.Context) error) (*reading, error) {
	var ours, alone []responses
	for range b.rounds {
		answered, err := b.measureServer(ctx, v.address, 1, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, v.address, key)
			return err
		})
		if err != nil {
			return nil, err
		}
		ours = append(ours, answered)
		if answered, err = b.repeat(ctx, 1, query); err != nil {
			return nil, fmt.Errorf("by the database alone: %w", err)
		}
		alone = append(alone, answered)
	}
	return &reading{ours: medianRate(ours), alone: medianRate(alone)}, nil
}

// over describes the writers.
func (s *sending) over() string {
	if s.alone.over == 0 {
		return fmt.Sprintf("%d, while a file loads", s.writers)
	}
	return strconv.Itoa(s.writers)
}

// measureSendsBesideImport measures sends of 16 writers while the largest file loads.
func (b *bench) measureSendsBesideImport(ctx context.Context, v *server, channels []string) (*sending, error) {
	s := &sending{engine: v.store.engine, writers: 16, channels: len(channels)}
	files, err := b.pair(slices.Max(b.rows))
	if err != nil {
		return nil, err
	}
	u, err := b.post(ctx, v, files[0].path)
	if err != nil {
		return nil, err
	}
	running := func() (bool, error) {
		var state struct{ Status string }
		err := v.must(ctx, http.MethodGet, "/v1/users/bulk-update/"+u.job+"/status", nil, &state)
		return state.Status == "running" || state.Status == "queued", err
	}
	var ours []responses
	for range b.rounds {
		if loads, err := running(); err != nil || !loads {
			break // the rounds so far count
		}
		answered, err := b.measureServer(ctx, v.address, s.writers, v.sendRequest(channels))
		if err != nil {
			return nil, err
		}
		ours = append(ours, answered)
	}
	if len(ours) == 0 {
		return nil, errors.New("the file had loaded before the first round")
	}
	s.ours = medianRate(ours)
	b.logf("%s, %d writers while %d rows load: %.0f/s, p99 %s", s.engine, s.writers, slices.Max(b.rows), s.ours.perSecond(), quantile(s.ours.durations, 0.99))
	return s, v.must(ctx, http.MethodPost, "/v1/users/bulk-update/"+u.job+"/cancel", map[string]any{}, nil)
}

// commits are the durable commits of SQLite and the transactions in them.
type commits struct{ commits, transactions float64 }

// since returns the transactions in a commit since an earlier state, 0 if there is none.
func (c commits) since(before commits) float64 {
	if c.commits == before.commits {
		return 0
	}
	return (c.transactions - before.transactions) / (c.commits - before.commits)
}

// commits reads the metrics of the server.
func (v *server) commits(ctx context.Context) (c commits, err error) {
	resp, err := v.send(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	for scan := bufio.NewScanner(resp.Body); scan.Scan(); {
		name, value, _ := strings.Cut(scan.Text(), " ")
		switch name {
		case "regulars_sqlite_commits_total":
			c.commits, err = strconv.ParseFloat(value, 64)
		case "regulars_sqlite_transactions_total":
			c.transactions, err = strconv.ParseFloat(value, 64)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// fill inserts messages into a channel, one a second, the first at a distance from now.
// With text they are searchable.
func (d *direct) fill(ctx context.Context, channel string, size int, first time.Duration, text func(n int) string) error {
	from := d.clock.Now().Add(first)
	for done := 0; done < size; done += fillBatch {
		err := d.db.Tx(ctx, func(tx *sqldb.Tx) error {
			for n := done; n < min(done+fillBatch, size); n++ {
				if err := d.insert(ctx, tx, channel, from.Add(time.Duration(n)*time.Second), n, text); err != nil {
					return err
				}
			}
			return nil
		}, sqldb.RelaxedSync)
		if err != nil {
			return err
		}
	}
	_, err := d.db.Exec(ctx, `INSERT INTO message_counts (community_id, channel_id, shard, total) VALUES ($1, $2, 0, $3)
		ON CONFLICT (community_id, channel_id, shard) DO UPDATE SET total = message_counts.total + excluded.total`, d.community, channel, size)
	return err
}

// analyze updates the statistics of PostgreSQL, as autovacuum does soon after so many
// rows.
func (d *direct) analyze(ctx context.Context) (err error) {
	if d.db.Dialect() == sqldb.Postgres {
		_, err = d.db.Exec(ctx, "ANALYZE")
	}
	return err
}

func (d *direct) insert(ctx context.Context, tx *sqldb.Tx, channel string, at time.Time, n int, text func(n int) string) error {
	content := fmt.Sprintf("Message %d: see you at eight?", n)
	if text != nil {
		content = text(n)
	}
	messageID := id.New(at)
	_, err := tx.Exec(ctx, "INSERT INTO messages ("+messageColumns+`) VALUES ($1, $2, $3, 'message', '', $4, '[]', '', '', '', '', '', FALSE, FALSE, FALSE, 0, 0, 0, 0, $5)`,
		d.community, channel, messageID, content, at.UnixMilli())
	if err != nil || text == nil {
		return err
	}
	return search.Put(ctx, tx, d.community, search.Text{MessageID: messageID, ChannelID: channel, Text: content})
}

// newest reads the newest messages of a channel.
func (d *direct) newest(ctx context.Context, channel string) error {
	_, err := sqldb.All(ctx, d.db, scanText, "SELECT id, author_id, text FROM messages WHERE community_id = $1 AND channel_id = $2 AND deleted_at = 0 ORDER BY id DESC LIMIT 50", d.community, channel)
	return err
}

func scanText(s sqldb.Scanner) (row [3]string, err error) {
	return row, s.Scan(&row[0], &row[1], &row[2])
}

// unread counts the messages of all channels since now, at most 1,000 of each.
func (d *direct) unread(ctx context.Context) error {
	_, err := sqldb.All(ctx, d.db, sqldb.Value[int], `SELECT (SELECT count(*) FROM (SELECT 1 FROM messages m WHERE m.community_id = $1 AND m.channel_id = c.id AND m.deleted_at = 0 AND m.id > $2 LIMIT 1000) u)
		FROM channels c WHERE c.community_id = $1`, d.community, id.New(d.clock.Now()))
	return err
}

// search finds the newest messages with a word.
func (d *direct) search(ctx context.Context, word string) error {
	query := "SELECT w.message_id FROM message_words_found f JOIN message_words w ON w.number = f.rowid WHERE f.words MATCH $1 ORDER BY f.rowid DESC LIMIT 50"
	if d.db.Dialect() == sqldb.Postgres {
		query = "SELECT message_id FROM message_words WHERE words @@ CAST($1 AS tsquery) ORDER BY message_id DESC LIMIT 50"
	}
	_, err := sqldb.All(ctx, d.db, sqldb.Value[string], query, word)
	return err
}
