package plan

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"

	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Decision is the decision for a row.
type Decision struct {
	outcome outcome.Outcome
	Entry   *Entry
	changes []member.Change
	errors  []source.RowError
}

func reject(column, code string, message errs.Sentence, value string) Decision {
	return Decision{outcome: outcome.Failed, errors: []source.RowError{*source.NewRowError(column, code, message, value)}}
}

// history returns the changes of existing members, without their balances; created
// members have none.
func history(decisions []Decision) []member.Change {
	n := 0
	for i := range decisions {
		if decisions[i].outcome == outcome.Updated {
			n += len(decisions[i].changes)
		}
	}
	changes := make([]member.Change, 0, n)
	for i := range decisions {
		if decisions[i].outcome != outcome.Updated {
			continue
		}
		for _, c := range decisions[i].changes {
			if isOfMember(c) {
				changes = append(changes, c)
			}
		}
	}
	return changes
}

// Post posts the entries of the rows of the plan, once. They are operators' entries:
// suspended members receive them.
func (p *Plan) Post(ctx context.Context, tx *sqldb.Tx, pl *Planner, rows []source.Row) error {
	if len(pl.Rules.units) == 0 {
		return nil
	}
	posts := make([]ledger.Post, 0, len(rows))
	for i := range p.list {
		if p.list[i].outcome != outcome.Updated {
			continue
		}
		for _, c := range p.list[i].changes {
			if isOfMember(c) {
				continue
			}
			posts = append(posts, ledger.Post{
				UserID: c.UserID, Unit: posting.UnitOf(c.Field), Amount: c.New.(int64) - c.Old.(int64), ByOperator: true,
				Reason: cmp.Or(rows[i].Reason, pl.Rules.reason), Source: posting.Source(pl.JobID, rows[i].Line),
			})
		}
	}
	balances := p.balances
	p.balances = nil
	return balances.Post(ctx, tx, posts)
}

// matches reports whether a decision has the change and the member of a dry
// run's record.
func (v *Decision) matches(planned *outcome.Record, tagNames map[string]string) bool {
	if v.digest(tagNames) != planned.Digest {
		return false
	}
	if v.Entry == nil || v.outcome != outcome.Created && v.outcome != outcome.Updated {
		return true
	}
	return planned.UserID == "" || planned.UserID == v.Entry.ID
}

// digest is a hash of the change, never 0. It has the names of tags: simulated
// ones have no id.
func (v *Decision) digest(tagNames map[string]string) uint64 {
	appendShown := func(text []byte, f *field.Field, value any) []byte {
		if f.Type == field.TagList {
			value = tagsByName(value, tagNames)
		}
		return field.AppendValue(append(text, 0), value)
	}
	text := fmt.Append(make([]byte, 0, 512), v.outcome)
	for _, c := range v.changes {
		old := c.Old
		if v.outcome == outcome.Created {
			old = nil
		}
		text = append(append(text, 0), c.Field.ID...)
		text = appendShown(appendShown(text, c.Field, old), c.Field, c.New)
	}
	for _, p := range v.errors {
		text = append(append(text, 0), p.Column...)
		text = append(append(text, 0), p.Code...)
	}
	h := fnv.New64a()
	_, _ = h.Write(text) // never fails
	return h.Sum64() | 1
}

// Decisions are the decisions for a batch.
type Decisions struct {
	list   []Decision
	Counts outcome.Counts
}

// Records returns the records of the rows of the plan.
func (p *Plan) Records(rows []source.Row) []outcome.Record { return records(rows, p.list, nil) }

// History returns the changes for the history of members.
func (p *Plan) History() []member.Change { return history(p.list) }
