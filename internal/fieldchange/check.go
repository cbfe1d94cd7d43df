package fieldchange

import (
	"context"
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// checkConversion reads all values of a field and returns a Conflict if the new
// definition does not accept them.
func checkConversion(ctx context.Context, q sqldb.Querier, communityID string, f, to *field.Field, replace map[string]*string) error {
	convert := field.Conversion{From: f, To: to, Replace: replace}
	needed, unique := convert.Needed(), to.Identifier && (!f.Identifier || f.Type != to.Type)
	if !needed && !unique {
		return nil
	}
	var found violations
	holders := duplicateCounter{seed: maphash.MakeSeed(), seen: map[uint64]bool{}}
	err := eachValue(ctx, q, communityID, f, func(userID string, value any) {
		found.values++
		next, problem := value, (*field.Problem)(nil)
		if needed {
			next, problem = convert.Value(value)
		}
		switch {
		case problem != nil:
			found.add(userID, value, problem)
		case unique && next != nil:
			holders.add(next)
		}
	})
	switch {
	case err != nil:
		return err
	case found.wrong > 0:
		return violationError(ctx, q, communityID, &convert, &found)
	case holders.twice > 0:
		return errs.New(errs.Conflict, "not_unique", "%d values of %s belong to more than one member, for example %s.", holders.twice, f.Label(), strings.Join(holders.examples, ", ")).
			WithFields(errs.Wrong("identifier", "not_unique", "More than one member has %s.", strings.Join(holders.examples, ", ")))
	}
	return nil
}

// duplicateCounter counts keys that occur twice.
type duplicateCounter struct {
	seed     maphash.Seed
	seen     map[uint64]bool // true: counted as being there twice
	twice    int64
	examples []string
}

func (k *duplicateCounter) add(value any) {
	key := member.IdentifierKey(value)
	sum := maphash.String(k.seed, key)
	counted, there := k.seen[sum]
	if there && !counted {
		k.twice++
		if len(k.examples) < mostExamples {
			k.examples = append(k.examples, fmt.Sprintf("%q", key))
		}
	}
	k.seen[sum] = there
}

// eachValue calls see with the value of every member that has one.
func eachValue(ctx context.Context, q sqldb.Querier, communityID string, f *field.Field, see func(userID string, value any)) error {
	after := ""
	for {
		documents, err := selectHaving(ctx, q, communityID, f.Field, after, 5*batchSize)
		if err != nil || len(documents) == 0 {
			return err
		}
		for _, d := range documents {
			values, err := field.DecodeValues(d.Text)
			if err != nil {
				return err
			}
			if value := values.Get(f.Field); value != nil {
				see(d.UserID, value)
			}
		}
		after = documents[len(documents)-1].UserID
	}
}

// violationError names the values that do not fit.
func violationError(ctx context.Context, q sqldb.Querier, communityID string, c *field.Conversion, found *violations) error {
	if c.From.Type == c.To.Type {
		return optionsInUse(ctx, q, communityID, c, found)
	}
	e := errs.New(errs.Conflict, "values_do_not_fit", "%d of %d values of %s do not fit a %s field, so nothing was changed. Correct them first; examples are listed.", found.wrong, found.values, c.From.Label(), errs.Word(c.To.Type))
	for _, one := range found.examples {
		people, err := member.Lookup(ctx, q, communityID, member.KeySet{IDs: []string{one.userID}}, false)
		if err != nil {
			return err
		}
		for _, r := range people {
			e = e.WithFields(errs.Wrong("type", one.Code, "%s (%s): %s. %s", r.Email, r.ID, field.EncodeJSON(one.value), one.Said))
		}
	}
	return e
}

// optionsInUse names the removed options that members have chosen.
func optionsInUse(ctx context.Context, q sqldb.Querier, communityID string, c *field.Conversion, found *violations) error {
	chosen := map[string]int64{}
	err := eachValue(ctx, q, communityID, c.From, func(_ string, value any) {
		list, ok := value.([]string)
		if text, one := value.(string); one {
			list, ok = []string{text}, true
		}
		for _, option := range list {
			if _, problem := c.To.Option(option); ok && problem != nil {
				chosen[option]++
			}
		}
	})
	if err != nil {
		return err
	}
	e := errs.New(errs.Conflict, "option_in_use", "One member has chosen an option that you remove. Map it to another option in replace, or to null.")
	if found.wrong != 1 {
		e = errs.New(errs.Conflict, "option_in_use", "%d members have chosen an option that you remove. Map it to another option in replace, or to null.", found.wrong)
	}
	for _, option := range c.From.Options {
		switch n := chosen[option]; n {
		case 0:
		case 1:
			e = e.WithFields(errs.Wrong("options", "in_use", "%q: one member.", option))
		default:
			e = e.WithFields(errs.Wrong("options", "in_use", "%q: %d members.", option, n))
		}
	}
	return e
}

// HaveValue returns the number of members, in any state, with a value in a
// custom field.
func (s *Changes) HaveValue(ctx context.Context, caller actor.Actor, communityID string, f field.Field) (int64, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.UserFields); err != nil {
		return 0, err
	}
	return member.CountWithValue(ctx, s.db, communityID, f.Field)
}

// violations counts values that do not fit, with examples.
type violations struct {
	values, wrong int64
	examples      []violation
}

type violation struct {
	userID string
	value  any
	field.Problem
}

const mostExamples = 5

func (m *violations) add(userID string, value any, problem *field.Problem) {
	m.wrong++
	if len(m.examples) < mostExamples {
		m.examples = append(m.examples, violation{userID, value, *problem})
	}
}
