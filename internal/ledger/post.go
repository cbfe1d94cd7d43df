package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Post is an entry to be posted.
type Post struct {
	UserID     string // member
	Unit       Unit
	Amount     int64  // positive: credit; not 0
	Reason     string // at most 200 characters, checked by the caller
	Source     Source
	ExpiresAt  *int64 // of the lot of a credit, Unix milliseconds or Never; nil: the setting of the unit
	OccurredAt int64  // of the rewarded fact, Unix milliseconds; 0: now
	ByOperator bool   // allowed for suspended members
}

// Posted is the result of a Post.
type Posted struct {
	Entry  Entry
	Repeat bool  // the source had been posted before: Entry is the earlier one
	Err    error // the entry was refused and changed nothing, see Post
}

// Post posts entries in their order, in the caller's transaction. An entry is refused with
// NotFound "user_not_found" for one who is not an active member, Forbidden
// "member_suspended", Invalid "amount_out_of_range" or "expires_in_past", or Conflict
// "insufficient_balance" with the available amount as details.balance; the others are
// posted.
func (l *Ledger) Post(ctx context.Context, tx *sqldb.Tx, communityID string, posts []Post) ([]Posted, error) {
	b, err := l.open(ctx, tx, communityID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(posts))
	for i, p := range posts {
		ids[i] = p.UserID
	}
	if err := b.lockMembers(ctx, ids); err != nil {
		return nil, err
	}
	if err := b.loadSources(ctx, posts); err != nil {
		return nil, err
	}
	return b.postAll(ctx, posts)
}

// postAll posts entries of locked members and writes them.
func (b *book) postAll(ctx context.Context, posts []Post) (results []Posted, err error) {
	if err := b.loadForDebits(ctx, posts); err != nil {
		return nil, err
	}
	results = make([]Posted, len(posts))
	for i, p := range posts {
		if results[i], err = b.post(ctx, p); err != nil {
			return nil, err
		}
	}
	return results, b.write(ctx)
}

// PostOne is Post for one entry; its refusal is the error.
func (l *Ledger) PostOne(ctx context.Context, tx *sqldb.Tx, communityID string, p Post) (Posted, error) {
	results, err := l.Post(ctx, tx, communityID, []Post{p})
	if err != nil {
		return Posted{}, err
	}
	return results[0], results[0].Err
}

// post posts one entry to the accounts in memory. The error is of the database; a refusal
// is in the result.
func (b *book) post(ctx context.Context, p Post) (Posted, error) {
	who := b.members[p.UserID]
	if err := who.mayReceive(b.now, p.ByOperator); err != nil {
		return Posted{Err: err}, nil
	}
	if known, ok := b.sources[sourceKey{who.id, p.Unit, p.Source}]; ok {
		return Posted{Entry: known, Repeat: true}, nil
	}
	a, err := b.account(ctx, who, p.Unit)
	if err != nil {
		return Posted{}, err
	}
	if p.Amount == 0 || p.Amount > MaxAmount || p.Amount < -MaxAmount || a.posted+p.Amount > MaxBalance {
		return Posted{Err: ErrOutOfRange()}, nil
	}
	e := Entry{Unit: p.Unit, Amount: p.Amount, Reason: p.Reason, Source: p.Source, OccurredAt: p.OccurredAt}
	if p.Amount < 0 {
		if e.Lots, err = b.spend(ctx, a, -p.Amount); err != nil || e.Lots == nil {
			return Posted{Err: ErrInsufficient(a.available())}, err
		}
		return Posted{Entry: b.append(a, e)}, nil
	}
	end := b.end(p.Unit)
	if p.ExpiresAt != nil && p.Unit != XP {
		end = *p.ExpiresAt
	}
	if end <= b.now.UnixMilli() {
		return Posted{Err: errs.New(errs.Invalid, "expires_in_past", "A credit cannot expire in the past.")}, nil
	}
	return Posted{Entry: b.credit(a, e, end)}, nil
}

// mayReceive returns why a member receives no entry.
func (m *holder) mayReceive(now time.Time, byOperator bool) error {
	if m == nil || m.state != member.Active {
		return member.ErrUserNotFound()
	}
	if !byOperator && m.suspendedUntil > now.UnixMilli() {
		return errs.New(errs.Forbidden, "member_suspended", "The member is suspended: no rewards and no spending.")
	}
	return nil
}

// credit posts a credit with a lot of its own.
func (b *book) credit(a *account, e Entry, end int64) Entry {
	made := b.newLot(a, e.Amount, end)
	e.LotID, e.Lots = made.ID, []Part{{made.ID, e.Amount}}
	if end != Never {
		e.ExpiresAt = end
	}
	return b.append(a, e)
}

// loadSources loads the entries that the sources of some posts have posted before.
func (b *book) loadSources(ctx context.Context, posts []Post) error {
	byType := map[string][][2]string{}
	for _, p := range posts {
		if who := b.members[p.UserID]; p.Source.Type != FromAPI && who != nil && !who.isNew {
			byType[p.Source.Type] = append(byType[p.Source.Type], [2]string{p.Source.ID, who.id})
		}
	}
	for sourceType, pairs := range byType {
		found, err := entriesOfHolders(ctx, b.q, b.communityID, sourceType, pairs)
		if err != nil {
			return err
		}
		for _, e := range found {
			if who := b.holders[e.Holder]; who != nil {
				e.UserID = who.userID
				b.sources[sourceKey{e.Holder, e.Unit, e.Source}] = e
			}
		}
	}
	return nil
}

// Overwrite posts the difference to a wanted balance; changed is false if there is none.
// p.Amount is ignored. It fails as PostOne does, with insufficient_balance below what is held.
func (l *Ledger) Overwrite(ctx context.Context, tx *sqldb.Tx, communityID string, p Post, wanted int64) (posted Posted, changed bool, err error) {
	b, a, err := l.openAccount(ctx, tx, communityID, p.UserID, p.Unit, p.ByOperator)
	if err != nil {
		return Posted{}, false, err
	}
	if p.Amount = wanted - a.posted; p.Amount == 0 {
		return Posted{}, false, b.write(ctx)
	}
	if posted, err = b.post(ctx, p); err == nil {
		err = posted.Err
	}
	if err != nil {
		return Posted{}, false, err
	}
	return posted, true, b.write(ctx)
}

// Batch has the balances of many members, to decide entries before they are posted
// together. It belongs to one goroutine and posts once.
type Batch struct{ book *book }

// Open returns a batch without members. If q is a transaction, the batch locks what it
// loads. Otherwise the caller proves before Post that nothing has changed since.
func (l *Ledger) Open(ctx context.Context, q sqldb.Querier, communityID string) (*Batch, error) {
	b, err := l.open(ctx, q, communityID)
	return &Batch{b}, err
}

// Load loads the balances of members that it did not load before.
func (b *Batch) Load(ctx context.Context, userIDs []string) error {
	missing := slices.DeleteFunc(unique(userIDs), func(userID string) bool {
		_, known := b.book.members[userID]
		return known
	})
	if len(missing) == 0 {
		return nil
	}
	return b.book.lockMembers(ctx, missing)
}

// Balance returns what a loaded member has, without Expiring. Lots and holds that are due
// count as ended.
func (b *Batch) Balance(ctx context.Context, userID string, unit Unit) (Balance, error) {
	who := b.book.members[userID]
	if who == nil {
		return Balance{}, nil
	}
	a, err := b.book.account(ctx, who, unit)
	return Balance{Posted: a.posted, Held: a.held}, err
}

// errPosted is the error of a second Post.
var errPosted = errors.New("ledger: the batch has posted")

// Post posts entries of loaded members in their order. It refuses them as Ledger.Post does.
// Their sources are new.
func (b *Batch) Post(ctx context.Context, tx *sqldb.Tx, posts []Post) ([]Posted, error) {
	book := b.book
	if book == nil {
		return nil, errPosted
	}
	b.book = nil
	book.q, book.tx = tx, tx
	return book.postAll(ctx, posts)
}
