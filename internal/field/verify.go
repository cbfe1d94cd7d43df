package field

import (
	"context"
	"errors"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

// ErrChanged is returned if definitions changed, or if a job processes their
// values: read the fields again and retry.
var ErrChanged = errors.New("member: the fields are not what they were")

// Verify locks the definitions of a community's fields until the caller's
// transaction ends. It returns ErrChanged if the custom fields differ from known,
// or if a field for which written returns true is Busy. Call it before locking rows
// of members.
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
		if at < 0 || !f.sameRules(&now[at]) || now[at].Busy() && written(f) {
			return ErrChanged
		}
	}
	if custom != len(now) {
		return ErrChanged
	}
	return nil
}

// sameRules reports whether f and other validate values the same way.
func (f *Field) sameRules(other *Field) bool {
	return f.Type == other.Type && f.Required == other.Required && f.Identifier == other.Identifier &&
		slices.Equal(f.Options, other.Options) && Equal(f.DefaultValue, other.DefaultValue)
}

// LockShared prevents changes of a community's definitions until the transaction
// ends. Call it before reading fields in order to write values.
func LockShared(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return tx.LockShared(ctx, "field_definitions "+communityID)
}
