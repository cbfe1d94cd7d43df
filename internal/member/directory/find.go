package directory

import (
	"context"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// externalPrefix marks a reference as an external id. No username or number has
// this form.
const externalPrefix = "external:"

// Find returns the active member that ref names: an _id, a number,
// email or username, or external: and the id of another system. It fails with
// NotFound user_not_found.
func (s *Directory) Find(ctx context.Context, caller actor.Actor, communityID, ref string) (member.Member, error) {
	return s.FindIn(ctx, caller, communityID, ref, member.Active)
}

// FindIn is Find for members in one of some states.
func (s *Directory) FindIn(ctx context.Context, caller actor.Actor, communityID, ref string, states ...string) (member.Member, error) {
	if err := s.view(ctx, caller, communityID); err != nil {
		return member.Member{}, err
	}
	return Load(ctx, s.db, communityID, ref, states...)
}

// Load is Directory.FindIn without a check, in the caller's transaction.
func Load(ctx context.Context, q sqldb.Querier, communityID, ref string, states ...string) (member.Member, error) {
	if external, ok := strings.CutPrefix(ref, externalPrefix); ok {
		holders, err := member.Identifiers(ctx, q, communityID, member.ExternalID, []string{external})
		if err != nil {
			return member.Member{}, err
		}
		if len(holders) == 0 {
			return member.Member{}, member.ErrUserNotFound()
		}
		ref = holders[0].UserID
	}
	column, value := reference(ref)
	return member.LoadBy(ctx, q, communityID, column, value, states)
}

// reference returns the column and the value that a reference means.
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

// Self returns the active member of the actor. It fails with NotFound
// user_not_found.
func (s *Directory) Self(ctx context.Context, actor actor.Actor, communityID string) (member.Member, error) {
	return Self(ctx, s.db, actor, communityID)
}

// Self is Directory.Self in the caller's transaction.
func Self(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string) (member.Member, error) {
	memberID := caller.MemberID
	if memberID == "" {
		var err error
		if memberID, err = member.IDByAccount(ctx, q, communityID, caller.AccountID); err != nil {
			return member.Member{}, err
		}
	}
	if memberID == "" {
		return member.Member{}, member.ErrUserNotFound()
	}
	return Load(ctx, q, communityID, memberID, member.Active)
}

// MayChange reports whether the actor may change values, tags and picture of a
// member. It is for display; changes check again.
func (s *Directory) MayChange(ctx context.Context, actor actor.Actor, communityID string, m member.Member) (bool, error) {
	r, err := member.AuthorityOf(ctx, s.db, actor, communityID)
	if err != nil {
		return false, err
	}
	refused := r.Access.MayChangeMember(m.ID, m.Owner, member.RoleSet(r.Roles, m.RoleIDs))
	return refused == nil, nil
}
