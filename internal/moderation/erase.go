package moderation

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// EraseMembers erases penalties, invite uses, and the addresses and names in
// invites of members, in the caller's transaction. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	penalties, err := penaltiesOf(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	if err := audit.Anonymise(ctx, tx, communityID, nil, penalties); err != nil {
		return err
	}
	if err := deletePenaltiesOf(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	if err := deleteUsesOf(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	if err := erasePenaltyNames(ctx, tx, communityID, refs); err != nil {
		return err
	}
	if err := eraseInviteNames(ctx, tx, communityID, refs); err != nil {
		return err
	}
	emails, err := member.EmailsOf(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	keys := make([]string, len(emails))
	for i, email := range emails {
		keys[i] = account.EmailKey(email)
	}
	return forgetMailed(ctx, tx, communityID, keys)
}

// ForgetRole removes a deleted role from the invites that assign it. It is an
// assign.RoleDeleted.
func ForgetRole(ctx context.Context, tx *sqldb.Tx, communityID, roleID string) error {
	return clearInviteRole(ctx, tx, communityID, roleID)
}
