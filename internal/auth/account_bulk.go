package auth

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

// NewAccount is an account for InsertAccounts. Email and Username come from
// CheckEmail and CheckUsername, with their keys.
type NewAccount struct {
	ID                    string
	Email, EmailKey       string
	Username, UsernameKey string
	CreatedAt             int64 // Unix milliseconds
}

// SharedAccount is the code RenameAccounts fails with, as a Conflict, when the
// person of an account has a password or has signed in, or another community
// has the account too.
const SharedAccount = "account_shared"

// Rename gives an account another username. Was is the present one; "" matches
// any.
type Rename struct{ ID, Username, UsernameKey, Was string }

// ErrChanged reports that another transaction renamed or deleted an account
// since it was read. Retry from the look-up.
var ErrChanged = errors.New("auth: the account was changed since it was read")

// InsertAccounts adds many accounts without passwords, each counted as a
// member of one community. An email or username that exists fails the whole
// call, see sqldb.IsDuplicate. The order of accounts does not matter.
func InsertAccounts(ctx context.Context, tx *sqldb.Tx, accounts []NewAccount) error {
	// Neighbours in the index that is hit hardest are written together; the
	// caller's slice stays as it is.
	sorted := slices.Clone(accounts)
	slices.SortFunc(sorted, func(x, y NewAccount) int { return cmp.Compare(x.EmailKey, y.EmailKey) })
	return tx.InsertRows(ctx, rowsOf(sorted))
}

// PackAccounts adds accounts to those that wait for InsertPackedAccounts.
func PackAccounts(into *sqldb.Packed, accounts []NewAccount) { into.Add(rowsOf(accounts)) }

// InsertPackedAccounts is InsertAccounts for what PackAccounts packed.
func InsertPackedAccounts(ctx context.Context, tx *sqldb.Tx, accounts *sqldb.Packed) error {
	return tx.InsertRows(ctx, accounts.SortedBy("email_key"))
}

// RenameAccounts changes usernames, all at once, so two accounts can
// swap theirs. A username that exists fails the whole call, see
// sqldb.IsDuplicate; accounts that do not exist are passed over. It fails with
// ErrChanged if an account has another username than Rename.Was, or Conflict
// account_shared.
func RenameAccounts(ctx context.Context, tx *sqldb.Tx, renames []Rename, now int64) error {
	return renameAccounts(ctx, tx, renames, now)
}

// JoinedCommunity counts delta communities more for each account. With a
// positive delta it fails with ErrChanged if an account was deleted.
func JoinedCommunity(ctx context.Context, tx *sqldb.Tx, accountIDs []string, delta int) error {
	return countCommunities(ctx, tx, accountIDs, delta)
}

// DeleteAccounts deletes those accounts that nobody needs: without a password,
// never signed in, in no community. Count a membership that ends with
// JoinedCommunity(…, -1) before. It returns the ids of the deleted ones.
func DeleteAccounts(ctx context.Context, tx *sqldb.Tx, accountIDs []string) ([]string, error) {
	return deleteUnused(ctx, tx, accountIDs)
}
