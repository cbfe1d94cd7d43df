package plan

import (
	"context"
	"slices"
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

	requester string // id of the member of the row; "": a new one
}

func newBlocked(key Key, f *field.Field, holder, requester *Entry) Blocked {
	return Blocked{key: key, field: f, holder: holder, requester: requester.ID}
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

// Holders returns a map with the members that have keys, as changed by the rows
// before a batch.
type Holders func(ctx context.Context, keys []Key) (*IdentityMap, error)

// maxCircle is the number of steps after which a walk is given up.
const maxCircle = 100

// walk follows an exchange over rows behind a batch: the holder of a blocked key
// claims the key of another member, which claims another one, and so on. It ends
// where it returns to its start.
type walk struct {
	start  *Blocked
	holder *Entry          // of the last key
	seen   map[string]bool // ids of holders
	claims Key             // that holder claims; zero: none
	rows   int             // up to the last row of the walk
}

// visit reports whether the walk reaches its holder for the first time.
func (w *walk) visit() bool {
	again := w.seen[w.holder.ID]
	w.seen[w.holder.ID] = true
	return !again
}

// Rows returns the number of rows behind a batch up to the last one that
// exchanges a blocked key; 0: none does. The rows start at pos and have the
// number next.
//
// Rows that only release a key are not joined with the batch: few of them would
// join all of a file in one transaction.
func (a *Lookahead) Rows(ctx context.Context, blocked []Blocked, pos record.Pos, next int64, holders Holders) (int, error) {
	if err := a.read(ctx, pos, next); err != nil {
		return 0, err
	}
	ends := newBatchEnds(blocked)
	var open []*walk
	for _, end := range ends.list {
		open = append(open, &walk{start: end, holder: end.holder, seen: map[string]bool{end.holder.ID: true}})
	}
	last := 0
	for range maxCircle {
		if open = a.step(open); len(open) == 0 {
			break
		}
		keys := make([]Key, len(open))
		for i, w := range open {
			keys[i] = w.claims
		}
		found, err := holders(ctx, keys)
		if err != nil {
			return 0, err
		}
		open = slices.DeleteFunc(open, func(w *walk) bool {
			w.holder = found.Find(w.claims)
			if w.holder == nil {
				return true
			}
			end := ends.of[requester{w.holder.ID, w.claims.Kind}]
			if end == w.start {
				last = max(last, w.rows)
			}
			if end != nil {
				w.holder = end.holder
			}
			return !w.visit()
		})
	}
	return last, nil
}

// step returns the walks whose holder claims a key in a row behind the batch.
func (a *Lookahead) step(open []*walk) []*walk {
	wanted := map[Key][]*walk{}
	for _, w := range open {
		w.claims = Key{}
		for _, k := range w.holder.matchKeys() {
			wanted[k] = append(wanted[k], w)
		}
	}
	for i := range a.rows {
		for _, w := range wanted[a.rows[i].match] {
			claimed := a.rows[i].claims(w.start.key.Kind)
			if w.claims == (Key{}) && claimed != (Key{}) && claimed != w.holder.keyOf(w.start.field) {
				w.claims, w.rows = claimed, max(w.rows, i+1)
			}
		}
	}
	return slices.DeleteFunc(open, func(w *walk) bool { return w.claims == Key{} })
}

// requester is a member that needs a key of a kind.
type requester struct{ memberID, kind string }

// batchEnds are the blocked keys with holders that need no blocked key themselves.
type batchEnds struct {
	list []*Blocked
	of   map[requester]*Blocked // reached from a member over the blocked keys of the batch; nil: none
}

func newBatchEnds(blocked []Blocked) batchEnds {
	direct := map[requester]*Blocked{}
	for i := range blocked {
		direct[requester{blocked[i].requester, blocked[i].key.Kind}] = &blocked[i]
	}
	ends := batchEnds{of: make(map[requester]*Blocked, len(direct))}
	for from := range direct {
		var path []requester
		var end *Blocked
		for at := from; ; {
			known, visited := ends.of[at]
			if visited {
				end = known
				break
			}
			ends.of[at] = nil // a circle within the batch has no end
			path = append(path, at)
			b := direct[at]
			at = requester{b.holder.ID, b.key.Kind}
			if direct[at] == nil {
				end = b
				ends.list = append(ends.list, b)
				break
			}
		}
		for _, r := range path {
			ends.of[r] = end
		}
	}
	return ends
}

// claims returns the key of a kind that a row gives its member; zero: none.
func (r *aheadRow) claims(kind string) Key {
	if kind != field.Username {
		return r.identifiers[kind]
	}
	if r.username == "" {
		return Key{}
	}
	return Key{field.Username, r.username}
}

// keyOf returns the key of a member in a unique field; zero: none.
func (p *Entry) keyOf(f *field.Field) Key {
	if value := p.Get(f); value != nil {
		return UniqueKey(f, value)
	}
	return Key{}
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
