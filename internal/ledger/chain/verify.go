package chain

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// Result is the result of a verification.
type Result struct {
	OK         bool     `json:"ok"`
	Entries    int64    `json:"entries"`    // sealed ones
	SealedUpTo string   `json:"sealedUpTo"` // the last one; "": none
	Head       string   `json:"head"`       // hash after it, in hex
	Checked    int64    `json:"checked"`    // balances
	Wrong      []Wrong  `json:"wrong"`      // balances, at most 100
	Broken     []string `json:"broken"`     // last entries of seals whose hash differs, at most 100
	Stray      int64    `json:"stray"`      // entries that are neither sealed nor waiting for it; counted from the start only
	AsOf       int64    `json:"asOf"`       // Unix milliseconds
}

// Wrong is a balance that differs from what it is computed from.
type Wrong struct {
	UserID   string      `json:"userId"` // "": erased
	Unit     ledger.Unit `json:"unit"`
	Cached   int64       `json:"cached"`
	Computed int64       `json:"computed"`
}

const (
	maxReported   = 100
	quickEntries  = 100_000 // that are verified during a request
	sealsAtOnce   = 20
	proofsAtOnce  = 500
	keepResultFor = 7 * 24 * time.Hour
)

// Verify recomputes the chain from the last verified seal on, and the balances that have
// entries since. If these are more than 100,000 entries, it starts a verification from the
// start and returns its id. It fails as access.Can does for Gamification.
func (c *Chain) Verify(ctx context.Context, caller actor.Actor, communityID string) (r Result, verificationID string, err error) {
	if err := c.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Result{}, "", err
	}
	from, err := selectVerified(ctx, c.d.DB, communityID)
	if errs.KindOf(err) == errs.NotFound {
		from, err = Seal{Hash: genesis}, nil
	}
	if err != nil {
		return Result{}, "", err
	}
	last, err := newest(ctx, c.d.DB, communityID)
	if err != nil {
		return Result{}, "", err
	}
	if last.Entries-from.Entries > c.maxQuick {
		verificationID, err = c.VerifyAll(ctx, caller, communityID)
		return Result{}, verificationID, err
	}
	r, err = c.verifySince(ctx, communityID, from)
	return r, "", err
}

// verifySince verifies a ledger from a verified seal on.
func (c *Chain) verifySince(ctx context.Context, communityID string, from Seal) (Result, error) {
	r := c.newResult()
	first := from.Number == 0 // then each balance is proved once, whatever its entries are
	if err := c.verifySeals(ctx, communityID, from, &r, !first); err != nil {
		return Result{}, err
	}
	if first {
		if err := c.verifyBalances(ctx, communityID, &r); err != nil {
			return Result{}, err
		}
	}
	return r, c.finish(ctx, communityID, &r)
}

func (c *Chain) newResult() Result {
	return Result{OK: true, Head: genesis, Wrong: []Wrong{}, Broken: []string{}, AsOf: c.d.Clock.MS()}
}

// verifySeals recomputes the chain after a seal, and the balances of its entries if wanted.
func (c *Chain) verifySeals(ctx context.Context, communityID string, from Seal, r *Result, balances bool) error {
	at, hash, proved := from, from.Hash, map[string]bool{}
	for {
		seals, err := selectSeals(ctx, c.d.DB, communityID, at.Number, sealsAtOnce)
		if err != nil {
			return err
		}
		for _, s := range seals {
			entries, err := c.entriesOf(ctx, communityID, s)
			if err != nil {
				return err
			}
			if hash, err = extend(hash, entries); err != nil {
				return err
			}
			if hash != s.Hash || at.Entries+int64(len(entries)) != s.Entries || s.Number != at.Number+1 {
				r.broken(s)
				hash = s.Hash // report the next break too
			}
			if balances {
				if err := c.verifyHolders(ctx, communityID, entries, proved, r); err != nil {
					return err
				}
			}
			at = s
		}
		if len(seals) < sealsAtOnce {
			r.Entries, r.SealedUpTo, r.Head = at.Entries, at.LastID, hash
			return nil
		}
	}
}

// entriesOf returns the entries of a seal that exist.
func (c *Chain) entriesOf(ctx context.Context, communityID string, s Seal) ([]ledger.Entry, error) {
	ids, err := id.Unpack(s.ids)
	if err != nil {
		return nil, err
	}
	return ledger.InOrder(ctx, c.d.DB, communityID, ids)
}

// verifyCount finds entries that are neither sealed nor waiting for it. Seals that are
// added meanwhile cover entries that were counted as waiting.
func (c *Chain) verifyCount(ctx context.Context, communityID string, r *Result) error {
	before, err := newest(ctx, c.d.DB, communityID)
	if err != nil {
		return err
	}
	n, err := ledger.Dequeued(ctx, c.d.DB, communityID)
	if err != nil || n == before.Entries {
		return err
	}
	added, err := selectSeals(ctx, c.d.DB, communityID, before.Number, sealsAtOnce)
	if err != nil || slices.ContainsFunc(added, func(s Seal) bool { return s.Entries == n }) {
		return err
	}
	r.OK, r.Stray = false, max(0, n-before.Entries)
	return nil
}

// finish remembers how far the chain is right.
func (c *Chain) finish(ctx context.Context, communityID string, r *Result) error {
	if !r.OK || r.Entries == 0 {
		return nil
	}
	last, err := newest(ctx, c.d.DB, communityID)
	if err != nil || last.LastID != r.SealedUpTo {
		return err // sealed meanwhile
	}
	return setVerified(ctx, c.d.DB, communityID, last.Number)
}

// verifyHolders proves the balances of entries that were not proved before.
func (c *Chain) verifyHolders(ctx context.Context, communityID string, entries []ledger.Entry, proved map[string]bool, r *Result) error {
	var holders []string
	for i := range entries {
		if holder := entries[i].Holder; !proved[holder] {
			proved[holder] = true
			holders = append(holders, holder)
		}
	}
	for len(holders) > 0 {
		n := min(len(holders), proofsAtOnce)
		proofs, err := ledger.ProofsOf(ctx, c.d.DB, communityID, holders[:n])
		if err != nil {
			return err
		}
		r.check(proofs)
		holders = holders[n:]
	}
	return nil
}

// verifyBalances proves all balances.
func (c *Chain) verifyBalances(ctx context.Context, communityID string, r *Result) error {
	var last ledger.Proof
	for {
		proofs, err := ledger.Proofs(ctx, c.d.DB, communityID, last.Holder, last.Unit, proofsAtOnce)
		if err != nil || len(proofs) == 0 {
			return err
		}
		r.check(proofs)
		last = proofs[len(proofs)-1]
	}
}

// broken reports a seal whose hash differs.
func (r *Result) broken(s Seal) {
	r.OK = false
	if len(r.Broken) < maxReported {
		r.Broken = append(r.Broken, s.LastID)
	}
}

func (r *Result) check(proofs []ledger.Proof) {
	for _, p := range proofs {
		r.Checked++
		if p.OK() {
			continue
		}
		r.OK = false
		if len(r.Wrong) < maxReported {
			r.Wrong = append(r.Wrong, Wrong{UserID: p.UserID, Unit: p.Unit, Cached: p.Posted, Computed: p.Entries})
		}
	}
}

// verifyArgs are the arguments of the job that verifies a ledger from the start.
type verifyArgs struct{ CommunityID, VerificationID string }

// Kind is the kind of the job.
func (verifyArgs) Kind() string { return "ledger.verify" }

// VerifyAll starts a verification from the start as a job and returns its id. It fails as
// access.Can does for Gamification.
func (c *Chain) VerifyAll(ctx context.Context, caller actor.Actor, communityID string) (verificationID string, err error) {
	if err := c.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return "", err
	}
	now := c.d.Clock.Now()
	verificationID = id.New(now)
	return verificationID, c.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := insertVerification(ctx, tx, communityID, verificationID, now.UnixMilli()); err != nil {
			return err
		}
		_, err := jobs.Insert(ctx, tx, verifyArgs{communityID, verificationID}, jobs.Options{CommunityID: communityID, Owner: caller.Uploader(), Lane: jobs.Large})
		return err
	})
}

func (c *Chain) verifyAll(ctx context.Context, _ *jobs.Job, args verifyArgs) error {
	r := c.newResult()
	if err := c.verifySeals(ctx, args.CommunityID, Seal{Hash: genesis}, &r, false); err != nil {
		return err
	}
	if err := c.verifyBalances(ctx, args.CommunityID, &r); err != nil {
		return err
	}
	if err := c.verifyCount(ctx, args.CommunityID, &r); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := setResult(ctx, c.d.DB, args.CommunityID, args.VerificationID, string(text)); err != nil {
		return err
	}
	return c.finish(ctx, args.CommunityID, &r)
}

// Verification returns the result of a verification from the start; done is false while it
// runs. Results are kept for seven days. It fails as access.Can does for Gamification, or
// with NotFound "verification_not_found".
func (c *Chain) Verification(ctx context.Context, caller actor.Actor, communityID, verificationID string) (r Result, done bool, err error) {
	if err := c.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return r, false, err
	}
	text, err := loadResult(ctx, c.d.DB, communityID, verificationID)
	if err != nil || text == "" {
		return r, false, err
	}
	return r, true, json.Unmarshal([]byte(text), &r)
}
