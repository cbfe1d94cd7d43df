package access

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// personOpens keeps API keys from letting anybody import: it fails with
// Forbidden "person_required" when one turns openBulkImport on.
func personOpens(ctx context.Context, _ *sqldb.Tx, old, changed community.Community) error {
	kind := actor.FromContext(ctx).Kind
	if old.Settings.OpenBulkImport || !changed.Settings.OpenBulkImport || kind != actor.CommunityKey && kind != actor.UserKey {
		return nil
	}
	return errs.New(errs.Forbidden, "person_required", "An API key cannot turn openBulkImport on: sign in, or use the command line.")
}

func personOpensNew(ctx context.Context, tx *sqldb.Tx, made community.Community) error {
	return personOpens(ctx, tx, community.Community{}, made)
}
