package member

import (
	"context"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
)

// externalPrefix makes a reference of an external id. No username or number
// looks like it, so it never names somebody else by chance.
const externalPrefix = "external:"

// Find returns the active member that ref names: an _id, a number,
// email or username, or external: and the id of another system. It fails with
// NotFound user_not_found.
func (s *Members) Find(ctx context.Context, communityID, ref string) (Member, error) {
	return s.FindIn(ctx, communityID, ref, Active)
}

// FindIn is Find for members in one of some states.
func (s *Members) FindIn(ctx context.Context, communityID, ref string, states ...string) (Member, error) {
	if external, ok := strings.CutPrefix(ref, externalPrefix); ok {
		holders, err := Identifiers(ctx, s.db, communityID, externalID, []string{external})
		if err != nil {
			return Member{}, err
		}
		if len(holders) == 0 {
			return Member{}, errUserNotFound()
		}
		ref = holders[0].UserID
	}
	column, value := reference(ref)
	return memberBy(ctx, s.db, communityID, column, value, states)
}

// reference is the column that ref is in, and as what.
func reference(ref string) (column string, value any) {
	if id.Valid(ref) {
		return "user_id", ref
	}
	if n, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return "number", n
	}
	if key := account.EmailKey(ref); strings.Contains(key, "@") {
		return "email_key", key
	}
	return "username_key", account.UsernameKey(ref)
}

// TextOf is what a member has in a default field that is one text; "" when it
// is unset, and for every other field.
func TextOf(m *Member, f *field.Field) string {
	switch f.Field {
	case field.UserID:
		return m.ID
	case field.FirstName:
		return m.FirstName
	case field.LastName:
		return m.LastName
	case field.Username:
		return m.Username
	case field.EmailName:
		return m.Email
	case field.PhoneName:
		return m.Phone
	case field.CountryName:
		return m.Country
	case field.LanguageName:
		return m.Language
	case field.DisplayName:
		return m.DisplayName
	case field.ExternalID:
		return m.ExternalID
	}
	return ""
}
