package access

import (
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/sqldb"
)

// EndSessionsIn ends, in the caller's transaction, the sessions that other
// systems started in a community for members, the links to such sessions, and
// the sessions that API keys of these members started. Sessions of the members'
// own accounts continue: Can rejects them in communities of others. accountIDs
// are those of the claimed members.
func EndSessionsIn(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs, accountIDs []string) error {
	if len(memberIDs) == 0 {
		return nil
	}
	if err := account.DeleteSessionsIn(ctx, tx, communityID, memberIDs); err != nil || len(accountIDs) == 0 {
		return err
	}
	keys, err := listKeys(ctx, tx, communityID)
	if err != nil {
		return err
	}
	accounts, created := map[string]bool{}, []string{}
	for _, accountID := range accountIDs {
		accounts[accountID] = true
	}
	for _, k := range keys {
		persons := append([]string{k.CreatedBy}, k.BoundBy...)
		if slices.ContainsFunc(persons, func(ref string) bool { return accounts[strings.TrimPrefix(ref, "account:")] }) {
			created = append(created, k.ID)
		}
	}
	if len(created) == 0 {
		return nil
	}
	return account.EndSessionsOfKeys(ctx, tx, created)
}
