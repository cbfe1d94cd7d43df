package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/sqldb"
)

// Eraser takes away what a feature keeps of members who are erased, in the
// caller's transaction.
type Eraser func(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error

// OnErase makes f a part of the erasure of members. Call it while the program
// is put together, not later.
func (s *Members) OnErase(f Eraser) { s.erasers = append(s.erasers, f) }

// erasedAtOnce is how many members one transaction erases.
const erasedAtOnce = 200

// Sweep erases the personal data of members who can no longer be restored:
// the membership with its values, histories, identifiers and pictures, mails
// to them, and their names in the log, which keeps their ids. Their accounts
// are their own and stay. It also sees to it that work on the values of a field
// goes on, and ends transfers whose time is over. Any number of nodes may call it at any time.
func (s *Members) Sweep(ctx context.Context) error {
	if err := s.resumeWork(ctx); err != nil {
		return err
	}
	if err := s.sweepTransfers(ctx); err != nil {
		return err
	}
	for {
		due, err := erasable(ctx, s.db, s.oldest())
		if err != nil || len(due) == 0 {
			return err
		}
		for communityID, userIDs := range due {
			err := s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.erase(ctx, tx, communityID, userIDs) }, sqldb.WithoutGroupCommit)
			if err != nil {
				return err
			}
		}
	}
}

func (s *Members) erase(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	// Somebody may have been restored, or erased by another node, meanwhile.
	before, err := lockStates(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	userIDs = userIDs[:0:0]
	for _, m := range before {
		if m.state == Deleted && m.since <= s.oldest() {
			userIDs = append(userIDs, m.userID)
		}
	}
	if len(userIDs) == 0 {
		return nil
	}
	return s.eraseMembers(ctx, tx, communityID, userIDs)
}

// eraseMembers takes everything away that a community keeps of members who are
// not counted.
func (s *Members) eraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	for _, f := range s.erasers {
		if err := f(ctx, tx, communityID, userIDs); err != nil {
			return err
		}
	}
	if err := media.DeleteByOwner(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	penalties, err := penaltiesOf(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	refs, err := refsOf(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	if err := deleteTransfersOf(ctx, tx, communityID, userIDs); err != nil {
		return err
	}
	if err := audit.Anonymise(ctx, tx, communityID, refs, slices.Concat(userIDs, penalties)); err != nil {
		return err
	}
	if err := eraseSigned(ctx, tx, communityID, refs); err != nil {
		return err
	}
	emails, err := emailsOf(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	if err := mail.EraseRecipients(ctx, tx, communityID, emails); err != nil {
		return err
	}
	if err := forgetMailed(ctx, tx, communityID, keysOfEmails(emails)); err != nil {
		return err
	}
	return eraseRows(ctx, tx, communityID, userIDs)
}

func keysOfEmails(emails []string) []string {
	keys := make([]string, len(emails))
	for i, email := range emails {
		keys[i] = account.EmailKey(email)
	}
	return keys
}
