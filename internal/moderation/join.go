package moderation

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/sqldb"
)

// JoinInput describes how a person joins a community.
type JoinInput struct {
	InviteCode string              // "": without an invite
	Fields     []member.FieldValue // values given by the person
}

// Join makes the actor a member of a community; see the function Join. It also
// fails with Forbidden "limited_session" and Conflict "email_taken".
func (s *Moderation) Join(ctx context.Context, actor actor.Actor, communityID string, how JoinInput) error {
	if err := actor.RequireUnlimited(); err != nil {
		return err
	}
	const tries = 4
	for try := 1; ; try++ {
		err := s.join(ctx, actor, communityID, how)
		// A concurrent request of the same person, or a member that has just got
		// the username or address.
		if !sqldb.IsDuplicate(err) {
			return err
		}
		if try == tries { // another member has kept the address, see member.Follow
			return errs.New(errs.Conflict, "email_taken", "Another member of this community has your email address. Ask the people who manage it to remove that member.").Because(err)
		}
	}
}

func (s *Moderation) join(ctx context.Context, caller actor.Actor, communityID string, how JoinInput) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return Join(ctx, tx, caller, communityID, caller.AccountID, how, s.clock.MS())
	})
}

// Join makes an account a member of a community, in the caller's transaction,
// for the first time or again, or accepts the unclaimed membership of its
// confirmed address, which needs neither an invite nor fields. It fails with
// NotFound "community_not_found" (also if only an invite reveals the community)
// or "invite_not_found"; with Gone "invite_revoked", "invite_expired" or
// "invite_used_up"; with Forbidden "member_banned" or "invite_required"; with
// Conflict "already_member", "member_deleted" or "identifier_taken"; and with
// Invalid "invalid_input", which names every missing required field and every
// invalid value. now is in Unix milliseconds.
func Join(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID, accountID string, how JoinInput, now int64) error {
	home, err := community.Load(ctx, tx, communityID)
	if err != nil {
		return err
	}
	account, err := account.LoadAccount(ctx, tx, accountID)
	if err != nil {
		return err
	}
	code := inviteCode(how.InviteCode)
	if how.InviteCode != "" { // it may assign a role, which is locked before members
		if err := tx.LockShared(ctx, assign.RolesGuard(communityID)); err != nil {
			return err
		}
	}
	e, err := beginJoin(ctx, tx, by, communityID, account, now)
	if err != nil {
		return err
	}
	if err := e.mayJoin(home, code); err != nil {
		return err
	}
	var invite Invite
	if how.InviteCode != "" {
		if invite, err = useInvite(ctx, tx, communityID, code, e.Member.ID, now); err != nil {
			return err
		}
	}
	required := home.Settings.Joining.RequiredFields
	accepted := e.Member.IsMember() && !e.Member.Claimed()
	if accepted {
		required = nil
	}
	e.Country = home.Settings.DefaultCountry
	e.answer(required, countryFirst(how.Fields))
	before := e.Member.State
	if err := e.enter(ctx, tx, account); err != nil {
		return err
	}
	if !accepted || before != member.Active { // else the person was a member before
		if err := e.recordJoin(ctx, tx, before, code, now); err != nil {
			return err
		}
	}
	return assignInvitedRole(ctx, tx, by, invite, e.Member.ID, now)
}

// recordJoin appends the event and the audit entry.
func (e *joining) recordJoin(ctx context.Context, tx *sqldb.Tx, before, code string, now int64) error {
	if err := member.AppendJoined(ctx, tx, e.Actor, now, e.CommunityID, e.Member, code); err != nil {
		return err
	}
	target := audit.Target{Type: "user", ID: e.Member.ID, Name: e.Member.Username}
	return audit.Record(ctx, tx, e.Actor, now, e.CommunityID, "user.join", target, audit.Change{Field: "state", Old: orNil(before), New: member.Active}, audit.Change{Field: "invite", New: orNil(code)})
}

// orNil returns a text, nil if it is empty.
func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func errAlreadyMember() error {
	return errs.New(errs.Conflict, "already_member", "You are already a member of this community.")
}

// joining is the change of a member that joins.
type joining struct{ *member.Edit }

// beginJoin is member.BeginEdit for a person with or without a membership.
func beginJoin(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, account account.Account, now int64) (*joining, error) {
	e := &member.Edit{CommunityID: communityID, Actor: by, Source: member.Source{Type: "join"}}
	if err := field.LockShared(ctx, tx, communityID); err != nil {
		return nil, err
	}
	var err error
	if e.Fields, err = field.List(ctx, tx, communityID); err != nil {
		return nil, err
	}
	if e.Member, err = member.LoadOrNew(ctx, tx, communityID, account); err != nil {
		return nil, err
	}
	e.Start(now)
	return &joining{e}, nil
}

// mayJoin checks the present state of the membership.
func (e *joining) mayJoin(home community.Community, code string) error {
	switch e.Member.State {
	case member.Active:
		if !e.Member.Claimed() {
			return nil
		}
		return errAlreadyMember()
	case member.Banned:
		return errs.New(errs.Forbidden, "member_banned", "You are banned from this community and cannot join it.")
	case member.Deleted:
		return errs.New(errs.Conflict, "member_deleted", "Your membership is deleted. Ask the people who manage the community to restore it.")
	case member.Pending: // admitted in advance
		return nil
	}
	if code != "" || home.Settings.Joining.Policy == community.JoinOpen {
		return nil
	}
	if e.Member.State == member.Left { // the person knows that the community exists
		return errs.New(errs.Forbidden, "invite_required", "You need an invite to join this community. Send its code in inviteCode.")
	}
	return errs.Missing("community")
}

// answer sets the required fields, name, phone, country and language, as given
// by the person. Other fields are rejected.
func (e *joining) answer(required []string, given []member.FieldValue) {
	own := []string{field.FirstName, field.LastName, field.PhoneName, field.CountryName, field.LanguageName}
	for _, v := range given {
		f := member.FindField(e.Fields, v.Field)
		if f == nil || !slices.Contains(required, f.ID) && !(f.Default && slices.Contains(own, f.Field)) {
			e.Reject(errs.Wrong("fields."+v.Field, "not_asked", "The community does not ask for this field."))
			continue
		}
		value, problem := e.Parse(f, v.Value)
		if problem != nil && !(member.Empty(v.Value) && problem.Code == "cannot_clear") {
			e.Reject(problem.At("fields." + v.Field))
			continue
		}
		if value != nil {
			e.Set(f, value, 0)
		}
	}
	for _, fieldID := range required {
		f := field.Find(e.Fields, fieldID)
		if f != nil && e.Member.Get(f) == nil && !e.failed(f) {
			e.Reject(errs.Wrong("fields."+f.Field, "required", "%s is required to join.", f.Label()))
		}
	}
}

// countryFirst returns the values with the country before phone numbers, which
// depend on it.
func countryFirst(given []member.FieldValue) []member.FieldValue {
	return slices.SortedStableFunc(slices.Values(given), func(a, b member.FieldValue) int {
		return countryRank(a) - countryRank(b)
	})
}

func countryRank(v member.FieldValue) int {
	if field.HeaderKey(v.Field) == field.CountryName {
		return 0
	}
	return 1
}

func (e *joining) failed(f *field.Field) bool {
	return slices.ContainsFunc(e.Errors, func(w errs.Field) bool {
		named := member.FindField(e.Fields, w.Field[len("fields."):])
		return named != nil && named.ID == f.ID
	})
}

// enter writes the membership: a new row, or the changes of an existing one.
func (e *joining) enter(ctx context.Context, tx *sqldb.Tx, acct account.Account) error {
	if err := member.YieldUsername(ctx, tx, e.Actor, e.CommunityID, account.UsernameKey(acct.Username), e.Member.ID, e.Now); err != nil {
		return err
	}
	if err := member.DeleteDecline(ctx, tx, e.CommunityID, member.AddressHash(e.CommunityID, e.Member.EmailKey)); err != nil {
		return err
	}
	if e.Member.IsMember() {
		if !e.Member.Claimed() {
			if err := e.Accept(ctx, tx, acct); err != nil {
				return err
			}
		}
		if _, err := e.Finish(ctx, tx); err != nil {
			return err
		}
		if e.Member.State == member.Pending {
			if err := member.SetJoined(ctx, tx, e.CommunityID, e.Member.ID, e.Now); err != nil {
				return err
			}
		}
		_, err := member.SetState(ctx, tx, e.Actor, e.CommunityID, []string{e.Member.ID}, member.Active, e.Now)
		return err
	}
	for i := range e.Fields {
		if f := &e.Fields[i]; !f.Default && f.DefaultValue != nil && e.Member.Get(f) == nil {
			e.Member.Set(f, f.DefaultValue)
		}
	}
	if len(e.Errors) > 0 {
		return errs.InvalidFields(e.Errors)
	}
	if e.Conflict != nil {
		return e.Conflict
	}
	e.Member.State, e.Member.JoinedAt = member.Active, e.Now
	if err := member.Insert(ctx, tx, e.CommunityID, []*member.Record{e.Member}); err != nil {
		return err
	}
	return e.Identify(ctx, tx)
}
