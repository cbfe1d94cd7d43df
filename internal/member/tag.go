package member

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Tag is a word that a community puts on members.
type Tag struct {
	ID        string
	Name      string // unique in the community, case-sensitive
	CreatedAt int64
}

func (t Tag) target() audit.Target { return audit.Target{Type: "tag", ID: t.ID, Name: t.Name} }

// MaxTags is how many tags a community may have.
const MaxTags = 5_000

// CheckTag returns the name as it is kept, or what is wrong with it.
func CheckTag(name string) (string, *field.Problem) {
	name, ok := text.Line(text.Name(name), field.MaxName)
	if !ok || name == "" || strings.Contains(name, ",") {
		return name, field.Unfit("invalid_tag", "A tag has 1 to 50 characters and no comma.")
	}
	return name, nil
}

// Tags returns the community's tags by name.
func (s *Members) Tags(ctx context.Context, communityID string) ([]Tag, error) {
	return Tags(ctx, s.db, communityID)
}

// Tags is Members.Tags inside the caller's transaction.
func Tags(ctx context.Context, q sqldb.Querier, communityID string) ([]Tag, error) {
	return selectTags(ctx, q, communityID)
}

// CreateTag makes a tag. It fails with Invalid invalid_input, or Conflict
// duplicate_tag.
func (s *Members) CreateTag(ctx context.Context, communityID, name string) (Tag, error) {
	name, problem := CheckTag(name)
	if problem != nil {
		return Tag{}, errs.InvalidFields([]errs.Field{problem.At("name")})
	}
	now := s.clock.Now()
	made := Tag{ID: id.New(now), Name: name, CreatedAt: now.UnixMilli()}
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := InsertTags(ctx, tx, communityID, []Tag{made}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, made.CreatedAt, communityID, "tag.create", made.target())
	})
	if sqldb.IsDuplicate(err) {
		err = errs.New(errs.Conflict, "duplicate_tag", "There is a tag %q already.", name)
	}
	return made, err
}

// InsertTags makes tags whose names are checked, in the caller's transaction;
// one that exists makes it fail as a duplicate.
func InsertTags(ctx context.Context, tx *sqldb.Tx, communityID string, tags []Tag) error {
	if len(tags) == 0 {
		return nil
	}
	existing, err := countTags(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if existing+len(tags) > MaxTags {
		return errs.New(errs.Conflict, "too_many_tags", "A community has at most %d tags.", MaxTags)
	}
	for _, t := range tags {
		if err := insertTag(ctx, tx, communityID, t); err != nil {
			return err
		}
	}
	return nil
}
