// Package chain seals the entries of ledgers with a hash chain, and verifies it together
// with the balances.
package chain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ledger/economy"
	"github.com/regulars/regulars/internal/ledger/queue"
	"github.com/regulars/regulars/internal/sqldb"
)

// Chain seals and verifies the ledgers of all communities. It is safe for concurrent use.
type Chain struct {
	d        Deps
	maxQuick int64 // entries that are verified during a request
	stop     context.CancelFunc
	loops    sync.WaitGroup
}

// Deps are the dependencies of a Chain.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Access *access.Access
}

// New returns a Chain that has not been started.
func New(d Deps) *Chain { return &Chain{d: d, maxQuick: quickEntries} }

const (
	sealPause = 2 * time.Second // between two looks for entries
	sealSize  = 5_000           // entries in one seal, more if they were posted together
	sealMost  = 100             // communities in one look
)

// Seal is the end of the hash chain over some entries.
type Seal struct {
	Number    int64  // from 1; 0: no entry is sealed
	Hash      string // after LastID, in hex
	LastID    string // last entry
	Entries   int64  // of all seals up to this one
	CreatedAt int64  // Unix milliseconds
	ids       []byte // of its entries, see id.Pack
}

// genesis is the hash before the first entry.
var genesis = hex.EncodeToString(make([]byte, sha256.Size))

// extend returns the hash after more entries.
func extend(hash string, entries []ledger.Entry) (string, error) {
	last, err := hex.DecodeString(hash)
	if err != nil {
		return "", err
	}
	for i := range entries {
		line, err := entries[i].Canonical()
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256(append(last, line...))
		last = sum[:]
	}
	return hex.EncodeToString(last), nil
}

// Start seals entries every two seconds, on any of the nodes. ctx provides values only; Stop
// ends it.
func (c *Chain) Start(ctx context.Context) {
	ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	c.loops.Go(func() {
		tick := time.NewTicker(sealPause)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := c.SealAll(ctx); err != nil && ctx.Err() == nil && !sqldb.IsUnavailable(err) {
					c.d.Log.Error("entries were not sealed", "error", err)
				}
			}
		}
	})
}

// Stop ends sealing.
func (c *Chain) Stop() {
	if c.stop != nil {
		c.stop()
		c.loops.Wait()
	}
}

// SealAll seals all entries that were committed before.
func (c *Chain) SealAll(ctx context.Context) error {
	for {
		communities, err := queue.Communities(ctx, c.d.DB, sealMost)
		if err != nil || len(communities) == 0 {
			return err
		}
		for _, communityID := range communities {
			if err := c.seal(sqldb.Background(ctx), communityID); err != nil {
				return err
			}
		}
	}
}

// seal seals the oldest entries of a community that no seal covers. It reads them and
// computes the hash before it excludes other writers.
func (c *Chain) seal(ctx context.Context, communityID string) error {
	last, err := newest(ctx, c.d.DB, communityID)
	if err != nil {
		return err
	}
	batch, err := queue.Front(ctx, c.d.DB, communityID, sealSize)
	if err != nil || len(batch.IDs) == 0 {
		return err
	}
	entries, err := ledger.InOrder(ctx, c.d.DB, communityID, batch.IDs)
	if err != nil {
		return err
	}
	next, err := last.next(entries)
	if err != nil {
		return err
	}
	return c.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockWorker(ctx, "ledger seal "+communityID); err != nil {
			return err
		}
		if now, err := newest(ctx, tx, communityID); err != nil || now.Number != last.Number {
			return err // another node has continued the chain
		}
		if err := batch.Remove(ctx, tx, communityID); err != nil {
			return err
		}
		if len(entries) == 0 {
			return nil // the community is being deleted
		}
		return c.write(ctx, tx, communityID, last, next, entries)
	})
}

// write writes the seal that follows the last one, and what is counted of its entries.
func (c *Chain) write(ctx context.Context, tx *sqldb.Tx, communityID string, last, next Seal, entries []ledger.Entry) error {
	now := c.d.Clock.MS()
	next.CreatedAt = now
	if err := insertSeal(ctx, tx, communityID, next); err != nil {
		return err
	}
	if err := economy.Add(ctx, tx, communityID, entries); err != nil {
		return err
	}
	if day(last.CreatedAt) == day(now) {
		return nil
	}
	return event.Append(ctx, tx, now, event.Event{CommunityID: communityID, Type: EventSealed, OccurredAt: now}, Sealed{Entries: next.Entries, SealedUpTo: next.LastID, Head: next.Hash})
}

// next returns the seal over more entries, without its time; the same seal if there are none.
func (s *Seal) next(entries []ledger.Entry) (next Seal, err error) {
	if len(entries) == 0 {
		return *s, nil
	}
	ids := make([]string, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	next = Seal{Number: s.Number + 1, LastID: ids[len(ids)-1], Entries: s.Entries + int64(len(ids))}
	if next.ids, err = id.Pack(ids); err != nil {
		return next, err
	}
	next.Hash, err = extend(s.Hash, entries)
	return next, err
}

// day returns the number of a day in UTC.
func day(ms int64) int64 { return ms / (24 * time.Hour).Milliseconds() }

// newest returns the newest seal, that of number 0 before the first.
func newest(ctx context.Context, q sqldb.Querier, communityID string) (Seal, error) {
	found, err := selectNewest(ctx, q, communityID)
	if errs.KindOf(err) == errs.NotFound {
		return Seal{Hash: genesis}, nil
	}
	return found, err
}

// EventSealed is the name of the event that publishes the head of the chain.
const EventSealed = "ledger.sealed"

// Sealed is the data of EventSealed.
type Sealed struct {
	Entries    int64  `json:"entries" doc:"The number of sealed entries."`
	SealedUpTo string `json:"sealedUpTo" doc:"The last one."`
	Head       string `json:"head" doc:"The hash after it, in hex."`
}
