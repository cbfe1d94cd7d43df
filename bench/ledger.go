//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// ledgerResult are the times of the ledger on an engine.
type ledgerResult struct {
	engine string
	posts  []posting
	acts   []ledgerAct
}

// posting is the throughput of posts, and that of plain inserts of the same rows.
type posting struct {
	writers   int
	onOne     bool // one member
	ours, own responses
}

// ledgerAct is the time of one kind of request.
type ledgerAct struct {
	what, bound string
	took        []time.Duration
	note        string
}

const (
	payees       = 1_000
	heavyEntries = 100_000 // of one member
	smallLots    = 5_000   // of 1 coin, that one debit spends
	actTimes     = 200
)

// ledgers measures the ledger on each engine.
func (b *bench) ledgers(ctx context.Context) (list []*ledgerResult, err error) {
	for _, engine := range b.engines {
		r := &ledgerResult{engine: engine}
		if err := b.serve(ctx, engine, func(v *server) error { return b.measureLedger(ctx, v, r) }); err != nil {
			return nil, fmt.Errorf("ledger on %s: %w", engine, err)
		}
		list = append(list, r)
	}
	return list, nil
}

func (b *bench) measureLedger(ctx context.Context, v *server, r *ledgerResult) (err error) {
	members := &balanceResult{engine: r.engine, rows: payees}
	if _, err := b.updateOnce(ctx, v, members, importEndpoint, "First Name,Last Name,Username,Email", func(out io.Writer, i int) {
		fmt.Fprintf(out, "First,Last,payee%d,payee%d@example.com\n", i, i)
	}); err != nil {
		return err
	}
	d, err := openDirect(ctx, v)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, onOne := range []bool{false, true} {
		for _, writers := range b.writers {
			p := posting{writers: writers, onOne: onOne}
			if p.ours, err = b.measureServer(ctx, v.address, writers, v.postRequest(onOne)); err != nil {
				return err
			}
			if p.own, err = b.repeat(ctx, writers, d.entry); err != nil {
				return fmt.Errorf("by the database alone: %w", err)
			}
			b.logf("%s, %d writers, one member %t: %.0f posts/s, p99 %s; plain rows %.0f/s", r.engine, writers, onOne, p.ours.perSecond(), quantile(p.ours.durations, 0.99), p.own.perSecond())
			r.posts = append(r.posts, p)
		}
	}
	return b.measureHeavy(ctx, v, d, r)
}

// postRequest returns a function that writes a request to add a coin.
func (v *server) postRequest(onOne bool) func(io.Writer) error {
	var sent atomic.Int64
	return func(w io.Writer) error {
		payee := int64(0)
		if n := sent.Add(1); !onOne {
			payee = n % payees
		}
		body := fmt.Sprintf(`{"user":"payee%d","unit":"coins","op":"add","amount":1,"reason":"Bench"}`, payee)
		_, err := fmt.Fprintf(w, "POST /v1/gamification/ledger HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", v.address, v.key, len(body), body)
		return err
	}
}

// entry writes the rows of a post in one durable transaction.
func (d *direct) entry(ctx context.Context) error {
	return d.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := d.clock.Now()
		entry, holder := id.New(now), id.Secret(16)
		for _, q := range []struct {
			sql  string
			args []any
		}{
			{"INSERT INTO ledger_entries (community_id, id, holder, unit, amount, balance_after, counter, reason, source_type, source_id, part, lot_id, expires_at, reversal_of, hold_id, lots, occurred_at, created_at) VALUES ('bench', $1, $2, 'coins', 1, 1, 'issue', 'Bench', 'api', $1, 0, $1, 0, '', '', '[]', $3, $3)", []any{entry, holder, now.UnixMilli()}},
			{"INSERT INTO ledger_lots (community_id, id, holder, unit, amount, remaining, held, expires_at, created_at, expiries) VALUES ('bench', $1, $2, 'coins', 1, 1, 0, 9223372036854775807, $3, 0)", []any{entry, holder, now.UnixMilli()}},
			{"INSERT INTO ledger_balances (community_id, holder, unit, posted, held, last_id, next_due) VALUES ('bench', $1, 'coins', 1, 0, $2, 9223372036854775807)", []any{holder, entry}},
			{"INSERT INTO ledger_days (community_id, holder, unit, day, earned) VALUES ('bench', $1, 'coins', 1, 1)", []any{holder}},
		} {
			if _, err := tx.Exec(ctx, q.sql, q.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// measureHeavy measures a member with many entries, a debit of many lots, and the proof.
func (b *bench) measureHeavy(ctx context.Context, v *server, d *direct, r *ledgerResult) error {
	for user, rows := range map[string]int{"payee1": heavyEntries, "payee2": smallLots} {
		if _, err := b.updateOnce(ctx, v, &balanceResult{engine: r.engine, rows: rows}, updateEndpoint, "Email,Coins_op,Coins", func(out io.Writer, _ int) {
			fmt.Fprintf(out, "%s@example.com,add,1\n", user)
		}); err != nil {
			return err
		}
	}
	began := b.clock.Now()
	if err := v.must(ctx, http.MethodPost, "/v1/gamification/ledger", map[string]any{"user": "payee2", "unit": "coins", "op": "subtract", "amount": smallLots, "reason": "Bench"}, nil); err != nil {
		return err
	}
	r.acts = append(r.acts, ledgerAct{what: fmt.Sprintf("a debit of %d lots", smallLots), took: []time.Duration{b.clock.Now().Sub(began)}})
	log := map[string]any{"identifier": "payee1", "identifier_type": "username", "limit": 50}
	for _, act := range []struct {
		what, method, path string
		body               any
	}{
		{"balances of a member with 100,000 entries", http.MethodGet, "/v1/users/payee1/balances", nil},
		{"the newest 50 of 100,000 entries", http.MethodPost, "/v1/users/activity/logs", log},
	} {
		one := ledgerAct{what: act.what, bound: "10 ms"}
		for range actTimes {
			began := b.clock.Now()
			if err := v.must(ctx, act.method, act.path, act.body, nil); err != nil {
				return err
			}
			one.took = append(one.took, b.clock.Now().Sub(began))
		}
		r.acts = append(r.acts, one)
	}
	return b.measureProof(ctx, v, d, r)
}

// proof is the answer of a verification.
type proof struct {
	VerificationID string
	OK             *bool
	Entries        int64
}

// measureProof measures a verification from the start, a job.
func (b *bench) measureProof(ctx context.Context, v *server, d *direct, r *ledgerResult) error {
	if err := b.addEntries(ctx, d, r.engine); err != nil {
		return err
	}
	if err := b.settle(ctx, r.engine); err != nil {
		return err
	}
	if err := v.resetPeak(); err != nil {
		return err
	}
	const path = "/v1/gamification/ledger/verify"
	began := b.clock.Now()
	var p proof
	if err := v.must(ctx, http.MethodGet, path+"?full=true", nil, &p); err != nil {
		return err
	}
	for job := p.VerificationID; p.OK == nil; {
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return err
		}
		if err := v.must(ctx, http.MethodGet, path+"?verificationId="+job, nil, &p); err != nil {
			return err
		}
	}
	took := b.clock.Now().Sub(began)
	peak, err := v.peak()
	if err != nil {
		return err
	}
	if !*p.OK {
		text, _ := json.Marshal(p)
		return fmt.Errorf("the ledger is not proved: %s", text) //nolint:err113 // ends the program
	}
	r.acts = append(r.acts, ledgerAct{what: fmt.Sprintf("verify %d entries", p.Entries), took: []time.Duration{took}, note: fmt.Sprint("peak ", peak, " MB")})
	return nil
}

func (b *bench) reportLedgers(list []*ledgerResult) error {
	var posts, acts []string
	for _, r := range list {
		for _, p := range r.posts {
			who := "different members"
			if p.onOne {
				who = "one member"
			}
			posts = append(posts, fmt.Sprintf("%s|%s|%d|%.0f|%s|%s|%.0f|%.2f", r.engine, who, p.writers, p.ours.perSecond(), median(p.ours.durations), quantile(p.ours.durations, 0.99), p.own.perSecond(), p.ours.perSecond()/p.own.perSecond()))
		}
		for _, a := range r.acts {
			acts = append(acts, fmt.Sprintf("%s|%s|%s|%s|%s|%s", r.engine, a.what, median(a.took), quantile(a.took, 0.99), a.bound, a.note))
		}
	}
	if err := printTable(b.out, "engine|balances of|writers|posts a second|median|p99|plain rows a second|part of it", posts); err != nil {
		return err
	}
	return printTable(b.out, "engine|request|median|p99|bound|", acts)
}
