package field

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Fields manages the fields of communities. It is safe for concurrent use.
type Fields struct {
	db     *sqldb.DB
	clock  clock.Clock
	access *access.Access
}

// New returns the Fields of a database.
func New(db *sqldb.DB, c clock.Clock, a *access.Access) *Fields { return &Fields{db, c, a} }

// readers are the permissions that show fields; one of them suffices.
var readers = []actor.Permission{permission.UserFields, permission.BulkUpdateUser, permission.GetUserData, permission.ManageCommunity}

// List returns the default fields, then the custom ones in their order.
func (s *Fields) List(ctx context.Context, caller actor.Actor, communityID string) ([]Field, error) {
	if err := s.access.CanAny(ctx, caller, communityID, readers...); err != nil {
		return nil, err
	}
	return List(ctx, s.db, communityID)
}

// Get returns a field by id or database name, or NotFound "field_not_found".
func (s *Fields) Get(ctx context.Context, caller actor.Actor, communityID, ref string) (Field, error) {
	if err := s.access.CanAny(ctx, caller, communityID, readers...); err != nil {
		return Field{}, err
	}
	return Load(ctx, s.db, communityID, ref)
}

// List is Fields.List in the caller's transaction.
func List(ctx context.Context, q sqldb.Querier, communityID string) ([]Field, error) {
	custom, err := ListCustom(ctx, q, communityID)
	return append(DefaultFields(), custom...), err
}

// Load is Fields.Get in the caller's transaction.
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
func (s *Fields) ID(ctx context.Context, caller actor.Actor, communityID, ref string) (string, error) {
	f, err := s.Get(ctx, caller, communityID, ref)
	if !errs.Is(err, "field_not_found") { // an actor without access gets NotFound too
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

// Create adds a custom field. It fails as access.Can does, with Invalid
// "invalid_input", or Conflict "duplicate_field" or "too_many_fields".
func (s *Fields) Create(ctx context.Context, caller actor.Actor, communityID string, in Input) (Field, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.UserFields); err != nil {
		return Field{}, err
	}
	f, err := in.Validate()
	if err != nil {
		return f, err
	}
	now := s.clock.Now()
	f.ID, f.CreatedAt = id.New(now), now.UnixMilli()
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := Insert(ctx, tx, communityID, &f); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, f.CreatedAt, communityID, "field.create", audit.Target{Type: "field", ID: f.ID, Name: f.Name})
	})
	if sqldb.IsDuplicate(err) {
		err = ErrDuplicate()
	}
	return f, err
}

// Insert adds a validated field with its ID and CreatedAt behind the others, in the
// caller's transaction. It fails with Conflict "duplicate_field" or
// "too_many_fields", or as sqldb.IsDuplicate after a lost race for the name.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID string, f *Field) error {
	existing, err := ListCustom(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if err := checkNew(existing, *f); err != nil {
		return err
	}
	for i := range existing {
		f.Order = max(f.Order, existing[i].Order+1)
	}
	f.Indexed = f.Filterable // there are no values yet
	return insertField(ctx, tx, communityID, *f)
}

// CheckNumber returns Conflict "too_many_fields" if a community with a number of custom
// fields can have no other one.
func CheckNumber(custom int) error {
	if custom >= maxFields {
		return errs.New(errs.Conflict, "too_many_fields", "A community has at most %d custom fields.", maxFields)
	}
	return nil
}

// checkNew returns Conflict "duplicate_field" or "too_many_fields" if a new field
// cannot be added to the custom fields of a community.
func checkNew(existing []Field, f Field) error {
	if err := CheckNumber(len(existing)); err != nil {
		return err
	}
	for _, other := range existing {
		if err := Collision(f, other); err != nil {
			return err
		}
	}
	return nil
}

// ErrDuplicate returns the Conflict after a lost race for the name of a field.
func ErrDuplicate() error {
	return errs.New(errs.Conflict, "duplicate_field", "A field with this name was just created, or is being deleted.")
}
