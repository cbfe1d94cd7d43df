package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// JoinHow says by what somebody joins a community.
type JoinHow struct {
	InviteCode string       // "": without an invite
	Fields     []FieldValue // what the person says of themselves
}

// Join makes the actor, a person, a member of a community; see the function
// Join. It also fails with Forbidden "limited_session" and Conflict "email_taken".
func (s *Members) Join(ctx context.Context, actor actor.Actor, communityID string, how JoinHow) error {
	if err := actor.RequireUnlimited(); err != nil {
		return err
	}
	const tries = 4
	for try := 1; ; try++ {
		err := s.join(ctx, actor, communityID, how)
		// The same person at the same time, or a member who was given the
		// username or address in this moment.
		if !sqldb.IsDuplicate(err) {
			return err
		}
		if try == tries { // an address that another member has kept, see Follow
			return errs.New(errs.Conflict, "email_taken", "Another member of this community has your email address. Ask the people who manage it to remove that member.").Because(err)
		}
	}
}

func (s *Members) join(ctx context.Context, caller actor.Actor, communityID string, how JoinHow) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		return Join(actor.NewContext(ctx, caller), tx, communityID, caller.AccountID, how, s.clock.MS())
	})
}

// Join makes an account a member of a community in the caller's transaction,
// or one again, or accepts the membership that the community made for its
// confirmed address; that needs no invite and asks for no field. It fails with
// NotFound "community_not_found" (also if only an invite reveals the community)
// or "invite_not_found"; with Gone
// "invite_revoked", "invite_expired" or "invite_used_up"; with Forbidden
// "member_banned" or "invite_required"; with Conflict "already_member",
// "member_deleted" or "identifier_taken"; and with Invalid "invalid_input",
// which names every required field that is missing and every value that does
// not fit. now is in Unix milliseconds.
func Join(ctx context.Context, tx *sqldb.Tx, communityID, accountID string, how JoinHow, now int64) error {
	home, err := community.Load(ctx, tx, communityID)
	if err != nil {
		return err
	}
	account, err := account.LoadAccount(ctx, tx, accountID)
	if err != nil {
		return err
	}
	code := inviteCode(how.InviteCode)
	if how.InviteCode != "" { // it may give a role, which is locked before members
		if err := tx.LockShared(ctx, rolesGuard(communityID)); err != nil {
			return err
		}
	}
	e, err := beginJoin(ctx, tx, communityID, account, now)
	if err != nil {
		return err
	}
	if err := e.mayJoin(home, code); err != nil {
		return err
	}
	var invite Invite
	if how.InviteCode != "" {
		if invite, err = useInvite(ctx, tx, communityID, code, e.who.ID, now); err != nil {
			return err
		}
	}
	required := home.Settings.Joining.RequiredFields
	accepted := e.who.IsMember() && !e.who.Claimed()
	if accepted {
		required = nil
	}
	e.answer(required, how.Fields)
	before := e.who.State
	if err := e.enter(ctx, tx, account); err != nil {
		return err
	}
	if !accepted || before != Active { // else a member all along
		if err := e.tellJoined(ctx, tx, before, code, now); err != nil {
			return err
		}
	}
	return giveInvitedRole(ctx, tx, invite, e.who.ID, now)
}

// tellJoined writes the event of joining and the entry of the log.
func (e *edit) tellJoined(ctx context.Context, tx *sqldb.Tx, before, code string, now int64) error {
	joined := event.UserJoined{UserID: e.who.ID, InviteCode: code}
	if err := event.Append(ctx, tx, now, event.Event{CommunityID: e.communityID, Type: event.UserJoinedServer, Data: joined}); err != nil {
		return err
	}
	target := audit.Target{Type: "user", ID: e.who.ID, Name: e.who.Username}
	return audit.Record(ctx, tx, now, e.communityID, "user.join", target, audit.Change{Field: "state", Old: orNil(before), New: Active}, audit.Change{Field: "invite", New: orNil(code)})
}

// orNil is a text, or nil for none.
func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func errAlreadyMember() error {
	return errs.New(errs.Conflict, "already_member", "You are a member of this community already.")
}

// beginJoin is beginEdit for a person who need not be a member.
func beginJoin(ctx context.Context, tx *sqldb.Tx, communityID string, account account.Account, now int64) (*edit, error) {
	e := &edit{communityID: communityID, actor: actor.FromContext(ctx).Ref(), source: Source{Type: "join"}}
	if err := field.LockShared(ctx, tx, communityID); err != nil {
		return nil, err
	}
	var err error
	if e.fields, err = field.List(ctx, tx, communityID); err != nil {
		return nil, err
	}
	if e.who, err = membershipOf(ctx, tx, communityID, account); err != nil {
		return nil, err
	}
	e.begin(now)
	return e, nil
}

// mayJoin looks at what the person is in the community now.
func (e *edit) mayJoin(home community.Community, code string) error {
	switch e.who.State {
	case Active:
		if !e.who.Claimed() {
			return nil
		}
		return errAlreadyMember()
	case Banned:
		return errs.New(errs.Forbidden, "member_banned", "You are banned from this community: no invite lets you in.")
	case Deleted:
		return errs.New(errs.Conflict, "member_deleted", "Your membership was deleted. Who manages the community can restore it.")
	case Pending: // somebody who may make members has let this one in
		return nil
	}
	if code != "" || home.Settings.Joining.Policy == community.JoinOpen {
		return nil
	}
	if e.who.State == Left { // the person knows that it is there
		return errs.New(errs.Forbidden, "invite_required", "To join this community you need an invite: send its code in inviteCode.")
	}
	return errs.New(errs.NotFound, "community_not_found", "There is no such community.")
}

// answer takes what the person says of themselves: the fields they are asked
// for, and their name and place. Nobody gives themselves other fields.
func (e *edit) answer(required []string, given []FieldValue) {
	own := []string{field.FirstName, field.LastName, field.PhoneName, field.CountryName, field.LanguageName}
	for _, v := range given {
		f := findField(e.fields, v.Field)
		if f == nil || !slices.Contains(required, f.ID) && !(f.Default && slices.Contains(own, f.Field)) {
			e.fail(errs.Wrong("fields."+v.Field, "not_asked", "The community does not ask for this field."))
			continue
		}
		value, problem := e.read(f, v.Value)
		if problem != nil && !(empty(v.Value) && problem.Code == "cannot_clear") {
			e.fail(problem.At("fields." + v.Field))
			continue
		}
		if value != nil {
			e.set(f, value, 0)
		}
	}
	for _, fieldID := range required {
		f := field.Find(e.fields, fieldID)
		if f != nil && e.who.Get(f) == nil && !e.failed(f) {
			e.fail(errs.Wrong("fields."+f.Field, "required", "%s is needed to join.", f.Called()))
		}
	}
}

func (e *edit) failed(f *field.Field) bool {
	return slices.ContainsFunc(e.wrong, func(w errs.Field) bool {
		named := findField(e.fields, w.Field[len("fields."):])
		return named != nil && named.ID == f.ID
	})
}

// enter writes the membership: a new row, or the one there was with what
// changed in it.
func (e *edit) enter(ctx context.Context, tx *sqldb.Tx, acct account.Account) error {
	if err := giveWay(ctx, tx, e.communityID, account.UsernameKey(acct.Username), e.who.ID, e.now); err != nil {
		return err
	}
	if err := deleteDecline(ctx, tx, e.communityID, AddressHash(e.communityID, e.who.EmailKey)); err != nil {
		return err
	}
	if e.who.IsMember() {
		if !e.who.Claimed() {
			if err := e.accept(ctx, tx, acct); err != nil {
				return err
			}
		}
		if _, err := e.finish(ctx, tx); err != nil {
			return err
		}
		if e.who.State == Pending {
			if err := setJoined(ctx, tx, e.communityID, e.who.ID, e.now); err != nil {
				return err
			}
		}
		_, err := SetState(ctx, tx, e.communityID, []string{e.who.ID}, Active, e.now)
		return err
	}
	for i := range e.fields {
		if f := &e.fields[i]; !f.Default && f.DefaultValue != nil && e.who.Get(f) == nil {
			e.who.Set(f, f.DefaultValue)
		}
	}
	if len(e.wrong) > 0 {
		return errs.InvalidFields(e.wrong)
	}
	if e.refused != nil {
		return e.refused
	}
	e.who.State, e.who.JoinedAt = Active, e.now
	if err := Insert(ctx, tx, e.communityID, []*Record{e.who}); err != nil {
		return err
	}
	return e.identify(ctx, tx)
}
