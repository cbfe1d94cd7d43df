package roster

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

// Eraser erases the data that a feature stores about members, in the caller's
// transaction.
type Eraser func(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error

// ContentEraser erases a batch of what members wrote, in the caller's transaction. It is
// called until done, before the Erasers, which erase the rest.
type ContentEraser func(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) (done bool, err error)

// eraseBatch is the number of members that one transaction erases.
const eraseBatch = 200

// Sweep erases the personal data of members whose retention time has passed:
// the membership with its values, histories, identifiers and pictures, mails to
// them, and their names in the audit log, which keeps their ids. Accounts stay.
// Any number of nodes may call it at any time. What they wrote is erased in short
// transactions before; a member of whom a part is erased can no longer be restored, so
// that the next call completes an interrupted one.
func (s *Roster) Sweep(ctx context.Context) error {
	for {
		due, err := member.Erasable(ctx, s.db, s.oldest(), eraseBatch)
		if err != nil || len(due) == 0 {
			return err
		}
		for communityID, userIDs := range due {
			if err := s.eraseContent(ctx, communityID, userIDs); err != nil {
				return err
			}
			err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
				userIDs, err := s.lockErasable(ctx, tx, communityID, userIDs)
				if err != nil || len(userIDs) == 0 {
					return err
				}
				return s.EraseMembers(ctx, tx, communityID, userIDs)
			}, sqldb.WithoutGroupCommit)
			if err != nil {
				return err
			}
		}
	}
}

// eraseContent erases what members wrote, in short transactions.
func (s *Roster) eraseContent(ctx context.Context, communityID string, userIDs []string) error {
	for done := s.content == nil; !done; {
		err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
			userIDs, err := s.lockErasable(ctx, tx, communityID, userIDs)
			if done = len(userIDs) == 0; err != nil || done {
				return err
			}
			done, err = s.content(ctx, tx, communityID, userIDs)
			return err
		}, sqldb.WithoutGroupCommit)
		if err != nil {
			return err
		}
	}
	return nil
}

// lockErasable locks members and returns those whose retention time has passed. Another
// transaction may have erased some of them.
func (s *Roster) lockErasable(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) ([]string, error) {
	states, err := member.LockStates(ctx, tx, communityID, userIDs)
	var erasable []string
	for _, m := range states {
		if m.State == member.Deleted && m.Since <= s.oldest() {
			erasable = append(erasable, m.UserID)
		}
	}
	return erasable, err
}

// EraseMembers erases all data about members that are not active, in the
// caller's transaction.
func (s *Roster) EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	for _, f := range s.erase {
		if err := f(ctx, tx, communityID, userIDs); err != nil {
			return err
		}
	}
	if err := media.DeleteByOwner(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	if err := transfer.EraseMembers(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	if err := audit.Anonymise(ctx, tx, communityID, refs, userIDs); err != nil {
		return err
	}
	emails, err := member.EmailsOf(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	if err := mail.EraseRecipients(ctx, tx, communityID, emails); err != nil {
		return err
	}
	if err := member.ForgetMailedLinks(ctx, tx, communityID, keysOfEmails(emails)); err != nil {
		return err
	}
	if err := deleteViewsOf(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	return member.EraseRows(ctx, tx, communityID, userIDs)
}

func keysOfEmails(emails []string) []string {
	keys := make([]string, len(emails))
	for i, email := range emails {
		keys[i] = account.EmailKey(email)
	}
	return keys
}

// membershipBatch is the number of memberships that one transaction deletes.
const membershipBatch = 1000

// EraseMemberships deletes memberships of a community that is erased. It is a
// community.Eraser; other rows of members are deleted with those of the
// community.
func EraseMemberships(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error) {
	deleted, err := member.DeleteSomeMembers(ctx, tx, communityID, membershipBatch)
	return err == nil && deleted == 0, err
}
