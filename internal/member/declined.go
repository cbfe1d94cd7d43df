package member

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Addition is an unclaimed membership, as shown to its person.
type Addition struct {
	CommunityID string
	Community   string // name
	MemberID    string
	Username    string // chosen by the community
	AddedAt     int64  // Unix milliseconds
}

// Declines is a version of the declines of a community: it differs after each
// new one.
type Declines struct{ Count, Last int64 }

// DeclinesOf returns the present Declines of a community.
func DeclinesOf(ctx context.Context, q sqldb.Querier, communityID string) (Declines, error) {
	return lastDecline(ctx, q, communityID)
}

// Declined returns the email keys for which a person declined the membership.
func Declined(ctx context.Context, q sqldb.Querier, communityID string, emailKeys []string) (map[string]bool, error) {
	hashes, keys := make([]string, len(emailKeys)), make(map[string]string, len(emailKeys))
	for i, key := range emailKeys {
		hashes[i] = AddressHash(communityID, key)
		keys[hashes[i]] = key
	}
	found, err := selectDeclines(ctx, q, communityID, hashes)
	declined := make(map[string]bool, len(found))
	for _, hash := range found {
		declined[keys[hash]] = true
	}
	return declined, err
}

// AddressHash returns the hash under which a community stores a declined
// address.
func AddressHash(communityID, emailKey string) string {
	sum := sha256.Sum256([]byte("declined " + communityID + " " + emailKey))
	return hex.EncodeToString(sum[:])
}

// MessageDeclined is the message for a person after a decline.
const MessageDeclined = "This person declined to be a member of this community. Send them an invite, which they can accept."

// ErrDeclined returns Conflict "member_declined".
func ErrDeclined() error {
	return errs.New(errs.Conflict, "member_declined", MessageDeclined).WithFields(errs.Field{Field: "email", Code: "member_declined", Message: MessageDeclined})
}
