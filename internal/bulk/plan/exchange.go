package plan

import (
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
)

// claims are the usernames and identifiers that rows of a batch may claim from
// their holders, because a later row changes the holder's value. Two or more
// members exchange values.
type claims struct {
	allowed map[claim]bool
	spans   []Span
	used    []usedClaim
}

// Span is from the row that claims a key to the row that releases it.
type Span struct{ From, To int }

// claim is the claim of a row on a key.
type claim struct {
	line int
	key  Key
}

// usedClaim is a claim that a decision relies on. The holder must release the
// key by the end of the batch.
type usedClaim struct {
	claim
	claimant string // member id; "": a new member
	field    *field.Field
	holder   *Entry
}

// allow reports whether the row of a claimant may claim a key from its holder.
func (t *claims) allow(r *source.Row, taker string, key Key, f *field.Field, holder *Entry) bool {
	wanted := claim{r.Line, key}
	if !t.allowed[wanted] {
		return false
	}
	t.used = append(t.used, usedClaim{wanted, taker, f, holder})
	return true
}

// revokeFailed revokes the claims on keys that were not released. Their rows
// fail, so claims on the keys of those members are revoked too.
func (t *claims) revokeFailed() (some bool) {
	of := map[string][]usedClaim{} // by holder
	var failed []usedClaim
	for _, u := range t.used {
		of[u.holder.ID] = append(of[u.holder.ID], u)
		if value := u.holder.Get(u.field); value != nil && UniqueKey(u.field, value) == u.key {
			failed = append(failed, u)
		}
	}
	for len(failed) > 0 {
		u := failed[len(failed)-1]
		failed = failed[:len(failed)-1]
		if !t.allowed[u.claim] {
			continue
		}
		delete(t.allowed, u.claim)
		some = true
		if u.claimant != "" {
			failed = append(failed, of[u.claimant]...)
		}
	}
	return some
}

// exchangeRounds is the number of decisions after which all claims are revoked.
const exchangeRounds = 5
