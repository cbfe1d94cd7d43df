package field

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Fields manages the fields of communities. It is safe for concurrent use.
type Fields struct {
	db    *sqldb.DB
	clock clock.Clock
}

// New returns the FieldStore of a database.
func New(db *sqldb.DB, c clock.Clock) *Fields { return &Fields{db, c} }

// List returns the default fields, then the custom ones in their order.
func (s *Fields) List(ctx context.Context, communityID string) ([]Field, error) {
	return List(ctx, s.db, communityID)
}

// Get returns a field by id or database name, or NotFound "field_not_found".
func (s *Fields) Get(ctx context.Context, communityID, ref string) (Field, error) {
	return Load(ctx, s.db, communityID, ref)
}

// List is FieldStore.List in the caller's transaction.
func List(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	custom, err := ListCustom(ctx, q, communityID)
	return append(DefaultFields(), custom...), err
}

// Load is FieldStore.Get in the caller's transaction.
func Load(ctx context.Context, q sqldb.Querier, communityID, ref string) (Field, error) {
	fields, err := List(ctx, q, communityID)
	if err != nil {
		return Field{}, err
	}
	if f := Find(fields, ref); f != nil {
		return *f, nil
	}
	return Field{}, ErrNotFound()
}

// ID returns the id of a field for histories: like Get, but deleted fields are
// found by their ids.
func (s *Fields) ID(ctx context.Context, communityID, ref string) (string, error) {
	f, err := s.Get(ctx, communityID, ref)
	if errs.KindOf(err) != errs.NotFound {
		return f.ID, err
	}
	deleted, err := ListDeleted(ctx, s.db, communityID)
	if err != nil {
		return "", err
	}
	if f := Find(deleted, ref); f != nil && f.ID == ref {
		return ref, nil
	}
	return "", ErrNotFound()
}

// Create adds a custom field. It fails with Invalid "invalid_input", or Conflict
// "duplicate_field" or "too_many_fields".
func (s *Fields) Create(ctx context.Context, communityID string, in Input) (Field, error) {
	f, err := in.Validate()
	if err != nil {
		return f, err
	}
	now := s.clock.Now()
	f.ID, f.CreatedAt = id.New(now), now.UnixMilli()
	f.Filled = f.Filterable // there are no values yet
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		existing, err := ListCustom(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if len(existing) >= maxFields {
			return errs.New(errs.Conflict, "too_many_fields", "A community has at most %d custom fields.", maxFields)
		}
		for _, other := range existing {
			if err := Collision(f, other); err != nil {
				return err
			}
			f.Order = max(f.Order, other.Order+1)
		}
		if err := insertField(ctx, tx, communityID, f); err != nil {
			return err
		}
		return audit.Record(ctx, tx, f.CreatedAt, communityID, "field.create", audit.Target{Type: "field", ID: f.ID, Name: f.Name})
	})
	if sqldb.IsDuplicate(err) {
		err = errs.New(errs.Conflict, "duplicate_field", "A field with this name was just made, or is being deleted.")
	}
	return f, err
}
