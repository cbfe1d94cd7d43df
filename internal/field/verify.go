package field

import (
	"context"
	"errors"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

// ErrChanged says that fields are not what the caller takes them for, or
// that their values are being worked on: read them again, after a while.
var ErrChanged = errors.New("member: the fields are not what they were")

// Verify keeps the definitions of a community's fields as they are until the
// caller's transaction ends, and fails with ErrFieldsMoved when the custom ones
// are not those of known any more, or when values of one that written names are
// being worked on. Call it before rows of members are locked.
func Verify(ctx context.Context, tx *sqldb.Tx, communityID string, known []Field, written func(*Field) bool) error {
	if err := LockShared(ctx, tx, communityID); err != nil {
		return err
	}
	now, err := ListCustom(ctx, tx, communityID)
	if err != nil {
		return err
	}
	custom := 0
	for i := range known {
		f := &known[i]
		if f.Default {
			continue
		}
		custom++
		at := slices.IndexFunc(now, func(other Field) bool { return other.ID == f.ID })
		if at < 0 || !f.judges(&now[at]) || now[at].Busy() && written(f) {
			return ErrChanged
		}
	}
	if custom != len(now) {
		return ErrChanged
	}
	return nil
}

// judges reports whether values are judged by f as by other.
func (f *Field) judges(other *Field) bool {
	return f.Type == other.Type && f.Required == other.Required && f.Identifier == other.Identifier &&
		slices.Equal(f.Options, other.Options) && Equal(f.DefaultValue, other.DefaultValue)
}

// LockShared keeps the definitions of a community's fields as they are until
// the transaction ends; whoever writes values does so before it reads fields.
func LockShared(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return tx.LockShared(ctx, "user_fields "+communityID)
}
