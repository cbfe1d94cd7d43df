package plan

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet/record"
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

// Blocked is a key that a row needs and that another member still has at the end
// of the batch.
type Blocked struct {
	key    Key
	field  *field.Field
	holder *Entry
	owned  Key // of the member of the row in the same field; zero: none
}

func newBlocked(key Key, f *field.Field, holder, requester *Entry) Blocked {
	b := Blocked{key: key, field: f, holder: holder}
	if value := requester.Get(f); value != nil {
		b.owned = UniqueKey(f, value)
	}
	return b
}

// maxAhead is the number of rows behind a batch among which the other row of an
// exchange is found.
const maxAhead = 50_000

// Lookahead reads the keys of the rows behind a batch. Each row of the file is
// read at most once, and only if a batch has a blocked key.
type Lookahead struct {
	open    func(context.Context) (source.File, error)
	table   source.File
	opened  bool
	reader  *source.Reader
	matcher matcher
	rows    []aheadRow // in order, from number first on
	first   int64
	end     bool // of the file
}

// aheadRow has the keys of a row.
type aheadRow struct {
	match       Key // identifies the member; zero: none
	username    string
	identifiers map[string]Key // by field; a zero Key clears it
}

// NewLookahead returns a Lookahead of a file with a header.
func NewLookahead(ru *Rules, l *source.Header, formats field.Formats, open func(context.Context) (source.File, error)) *Lookahead {
	return &Lookahead{open: open, reader: source.NewReader(l.KeysOnly(), formats, ru.Open), matcher: matcher{update: ru.update}}
}

// Close closes the file.
func (a *Lookahead) Close() {
	if a.opened {
		a.table.Close()
		a.opened = false
	}
}

// Rows returns the number of rows behind a batch up to the last one that
// exchanges a blocked key; 0: none does. The rows start at pos and have the
// number next.
func (a *Lookahead) Rows(ctx context.Context, blocked []Blocked, pos record.Pos, next int64) (int, error) {
	if err := a.read(ctx, pos, next); err != nil {
		return 0, err
	}
	wanted := map[Key][]*Blocked{}
	for i := range blocked {
		for _, k := range blocked[i].holder.matchKeys() {
			wanted[k] = append(wanted[k], &blocked[i])
		}
	}
	last, exchanged := 0, map[*Blocked]bool{}
	for i := range a.rows {
		for _, b := range wanted[a.rows[i].match] {
			if !exchanged[b] && a.rows[i].exchanges(b) {
				exchanged[b], last = true, i+1
			}
		}
	}
	return last, nil
}

// exchanges reports whether a row of the holder takes over the key of the other
// member. Rows that only release a key are not joined with the batch, since all rows
// in between would be in one transaction, and few of such rows in a file would join
// all of it.
func (r *aheadRow) exchanges(b *Blocked) bool {
	key, given := r.identifiers[b.field.ID]
	if b.field.Default {
		key, given = Key{field.Username, r.username}, r.username != ""
	}
	return given && b.owned != Key{} && key == b.owned
}

// matchKeys are the keys by which a row can name the member.
func (p *Entry) matchKeys() []Key {
	keys := []Key{{field.EmailName, p.EmailKey}, {field.Username, p.UsernameKey}}
	if p.ID != "" && !p.simulated {
		keys = append(keys, Key{source.RefKey, p.ID}, Key{source.RefKey, formatNumber(p.Number)})
	}
	return keys
}

// read reads the rows from number next on.
func (a *Lookahead) read(ctx context.Context, pos record.Pos, next int64) error {
	if !a.opened {
		var err error
		if a.table, err = a.open(ctx); err != nil {
			return err
		}
		a.opened = true
		if err := a.table.Seek(pos); err != nil {
			return err
		}
		a.rows, a.first, a.end = nil, next, false
	}
	switch last := a.first + int64(len(a.rows)); {
	case next < a.first || next > last:
		if err := a.table.Seek(pos); err != nil {
			return err
		}
		a.rows, a.first, a.end = nil, next, false
	default:
		a.rows, a.first = append([]aheadRow(nil), a.rows[next-a.first:]...), next
	}
	var src record.Row
	for !a.end && len(a.rows) < maxAhead {
		if len(a.rows)%firstReadRows == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			a.reader.Reset()
		}
		if err := a.table.Next(&src); err != nil {
			a.end = true // an error is reported when the rows are applied
			return context.Cause(ctx)
		}
		read := a.reader.Read(&src)
		a.rows = append(a.rows, a.keysOf(&read))
	}
	return nil
}

// keysOf copies the keys of a row.
func (a *Lookahead) keysOf(r *source.Row) (row aheadRow) {
	if len(r.Errors) > 0 {
		return row
	}
	if keys := a.matcher.matchKeys(r); len(keys) > 0 {
		row.match = Key{keys[0].Kind, strings.Clone(keys[0].Value)}
	}
	row.username = strings.Clone(r.UsernameKey)
	for i := range r.Cells {
		s := &r.Cells[i]
		if !s.Field.Identifier || s.Field.Default {
			continue
		}
		if row.identifiers == nil {
			row.identifiers = map[string]Key{}
		}
		key := Key{}
		if s.Value != nil {
			key = Key{s.Field.ID, strings.Clone(member.IdentifierKey(s.Value))}
		}
		row.identifiers[s.Field.ID] = key
	}
	return row
}
