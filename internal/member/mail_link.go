package member

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// AddedPage is the page that links in mails of a community open, with ?token=.
const AddedPage = "/added"

// MailLink is a link in a mail of a community: to an unclaimed member, or to an
// invite.
type MailLink struct {
	CommunityID string
	MemberID    string // "": an invite
	Email       string
	EmailHash   string // AddressHash
	InviteCode  string // "": a member
	createdAt   int64  // Unix milliseconds
}

// TokenHash returns the hash by which a link is stored.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// ErrLinkExpired returns Gone "link_expired".
func ErrLinkExpired() error {
	return errs.New(errs.Gone, "link_expired", "This link no longer works: the membership was accepted, declined or removed.")
}

// CreateMailLink creates a link for a mail to an address, in the caller's
// transaction, and returns the page that it opens. It is valid while its subject
// is open: to accept, and to decline without an account. now is in Unix
// milliseconds.
func CreateMailLink(ctx context.Context, tx *sqldb.Tx, communityID, memberID, email, inviteCode string, now int64) (page string, err error) {
	token := id.Secret(32)
	l := MailLink{
		CommunityID: communityID, MemberID: memberID, Email: email, EmailHash: AddressHash(communityID, account.EmailKey(email)),
		InviteCode: inviteCode, createdAt: now,
	}
	return AddedPage + "?token=" + token, insertMailLink(ctx, tx, TokenHash(token), l)
}
