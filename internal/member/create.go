package member

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// Create makes an unclaimed member; an account is neither made nor changed, and
// whether one has the address makes no difference. A password is checked and
// not kept: the person chooses one. It fails with
// Invalid invalid_input, with Forbidden rank_too_low or missing_permission for
// a role that reaches higher than the actor, and with a Conflict whose fields
// name what somebody has already: email_taken, username_taken,
// identifier_taken, external_id_taken, member_declined, or member_deleted,
// member_left, member_banned for a person who was here. What the actor may do
// is otherwise the caller's to know.
func (s *Members) Create(ctx context.Context, actor actor.Actor, communityID string, in Newcomer) (Member, error) {
	n := in.check()
	if (n.Welcome || n.MailPassword) && s.connected.Mail == nil {
		return Member{}, errs.New(errs.Unavailable, "mail_unavailable", "This server sends no mail. Create the user without sendEmail and emailPassword.")
	}
	// Nobody is looked up at first: the unique keys tell whether somebody has
	// the email, the username or an identifier. When they do, the second try
	// finds out who; a third one is for those who came in between.
	const tries = 4
	for try := 1; ; try++ {
		made := creation{newcomer: n, s: s, actor: actor, communityID: communityID, looks: try > 1}
		wrong := slices.Clip(n.wrong)
		var m Member
		err := s.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			n.wrong = wrong // what a try that was given up found is not of this one
			if err := made.run(ctx, tx); err != nil {
				return err
			}
			// The connection that wrote has all pages at hand.
			m, err = memberBy(ctx, tx, communityID, "user_id", made.who.ID, AnyState)
			return err
		})
		n.wrong = wrong
		if sqldb.IsDuplicate(err) && try < tries {
			continue
		}
		return m, err
	}
}

// creation is one try to make a member.
type creation struct {
	*newcomer
	s           *Members
	actor       actor.Actor
	communityID string
	looks       bool // somebody has one of the keys: find out who
	now         int64
	who         *Record
	held        []Identifier
	given       string // title of the role; "": none
}

func (c *creation) run(ctx context.Context, tx *sqldb.Tx) error {
	if err := field.LockShared(ctx, tx, c.communityID); err != nil {
		return err
	}
	if err := c.begin(ctx, tx); err != nil {
		return err
	}
	if err := c.declined(ctx, tx); err != nil {
		return err
	}
	if err := c.rolesAndFields(ctx, tx); err != nil {
		return err
	}
	if err := c.identify(ctx, tx); err != nil {
		return err
	}
	if err := c.write(ctx, tx); err != nil {
		return err
	}
	return c.tell(ctx, tx)
}

// begin decides whose membership it is to be.
func (c *creation) begin(ctx context.Context, tx *sqldb.Tx) error {
	at := c.s.clock.Now()
	c.now = at.UnixMilli()
	c.who = &Record{ID: id.New(at), Email: c.Email, EmailKey: c.emailKey, Username: c.Username, UsernameKey: c.usernameKey}
	if c.looks && len(c.wrong) == 0 {
		if err := c.lookUp(ctx, tx); err != nil {
			return err
		}
	}
	c.who.State, c.who.JoinedAt, c.who.UpdatedAt = Active, c.now, c.now
	if c.Ahead {
		c.who.State = Pending
	}
	c.who.FirstName, c.who.LastName, c.who.DisplayName = c.FirstName, c.LastName, c.DisplayName
	return nil
}

// declined rejects a person after a decline, unless a member has the address:
// by an invite that was accepted, or by a change of the account's address.
func (c *creation) declined(ctx context.Context, tx *sqldb.Tx) error {
	declined, err := Declined(ctx, tx, c.communityID, []string{c.emailKey})
	if err != nil || !declined[c.emailKey] || len(c.wrong) > 0 {
		return err
	}
	found, err := Lookup(ctx, tx, c.communityID, KeySet{Emails: []string{c.emailKey}}, true)
	if err != nil || len(found) > 0 { // refused by the unique key, and by its name in the next try
		return err
	}
	return errDeclined()
}

func (c *creation) lookUp(ctx context.Context, tx *sqldb.Tx) error {
	found, err := Lookup(ctx, tx, c.communityID, KeySet{Emails: []string{c.emailKey}, Usernames: []string{c.usernameKey}}, true)
	if err != nil {
		return err
	}
	var byEmail, byUsername *Record
	for _, r := range found {
		if r.EmailKey == c.emailKey {
			byEmail = r
		}
		if r.UsernameKey == c.usernameKey {
			byUsername = r
		}
	}
	if taken := takenBy(byEmail, byUsername); taken != nil {
		return taken
	}
	return nil
}

// takenBy names what is in the way of a new member, nil for nothing.
func takenBy(byEmail, byUsername *Record) error {
	var fields []errs.Field
	add := func(field, code, message string) {
		fields = append(fields, errs.Field{Field: field, Code: code, Message: message})
	}
	if byEmail != nil {
		code, message := Away(byEmail.State)
		add("email", cmp.Or(code, "email_taken"), cmp.Or(message, "A member of this community has this email address."))
	}
	if byUsername != nil {
		add("username", "username_taken", "A member of this community has this username.")
	}
	if len(fields) == 0 {
		return nil
	}
	return errs.New(errs.Conflict, fields[0].Code, "%s", fields[0].Message).WithFields(fields...)
}

// Away says why nobody works with a membership any more, with the code that
// goes with it; "" while it is active or pending.
func Away(state string) (code, message string) {
	switch state {
	case Deleted:
		return "member_deleted", "This member was deleted: restore the member first."
	case Left:
		return "member_left", "This member has left the community and has to join again."
	case Banned:
		return "member_banned", "This member is banned from the community: lift the ban first."
	}
	return "", ""
}

func (c *creation) rolesAndFields(ctx context.Context, tx *sqldb.Tx) error {
	fields, err := field.List(ctx, tx, c.communityID)
	if err != nil {
		return err
	}
	c.held = c.values(fields, c.who)
	if c.Role != "" && c.Role != access.EveryoneTitle {
		if err := c.role(ctx, tx); err != nil {
			return err
		}
	}
	return errs.InvalidFields(c.wrong)
}

// role gives the new member a role that does not reach above the actor.
func (c *creation) role(ctx context.Context, tx *sqldb.Tx) error {
	roles, err := access.Roles(ctx, tx, c.communityID)
	if err != nil {
		return err
	}
	titles := map[string]string{}
	for _, r := range roles {
		if !r.Everyone {
			titles[r.ID] = r.Title
		}
	}
	roleID := idOf(titles, c.Role)
	if roleID == "" {
		c.fail("accessLevel", "unknown_role", "There is no role with this title or _id.")
		return nil
	}
	role := roles[slices.IndexFunc(roles, func(r access.Role) bool { return r.ID == roleID })]
	power, err := access.AuthorityOf(ctx, tx, Memberships{}, c.actor, c.communityID)
	if err != nil {
		return err
	}
	if err := power.KeyMayAssign(role); err != nil {
		return err
	}
	c.who.RoleIDs, c.given = []string{role.ID}, role.Title
	return power.MayChangeRole(access.Role{}, role)
}

// identify makes sure that what names one member only names nobody else.
func (c *creation) identify(ctx context.Context, tx *sqldb.Tx) error {
	if c.ExternalID != "" {
		c.held = append(c.held, Identifier{externalID, c.ExternalID, ""})
	}
	for i := range c.held {
		c.held[i].UserID = c.who.ID
		holders, err := Identifiers(ctx, tx, c.communityID, c.held[i].FieldID, []string{c.held[i].Key})
		if err != nil {
			return err
		}
		switch {
		case len(holders) == 0:
		case c.held[i].FieldID == externalID:
			return errTaken("external_id_taken", "externalId", "Another member has this external id.")
		default:
			return errTaken("identifier_taken", "customFields", "Another member has the value %s in a field where each has their own.", c.held[i].Key)
		}
	}
	return nil
}

func (c *creation) write(ctx context.Context, tx *sqldb.Tx) error {
	if err := Insert(ctx, tx, c.communityID, []*Record{c.who}); err != nil {
		return err
	}
	if err := setOrigin(ctx, tx, c.communityID, c.who.ID, c.ExternalID, c.Referral); err != nil {
		return err
	}
	return SetIdentifiers(ctx, tx, c.communityID, nil, c.held)
}

// tell writes the event, the entry of the log and the mail.
func (c *creation) tell(ctx context.Context, tx *sqldb.Tx) error {
	if c.who.State == Active {
		joined := event.Event{CommunityID: c.communityID, Type: event.UserJoinedServer, Data: event.UserJoined{UserID: c.who.ID}}
		if err := event.Append(ctx, tx, c.now, joined); err != nil {
			return err
		}
	}
	var changes []audit.Change
	if c.given != "" {
		changes = append(changes, audit.Change{Field: "role", New: c.given})
	}
	target := audit.Target{Type: "user", ID: c.who.ID, Name: c.who.Username}
	err := audit.Record(actor.NewContext(ctx, c.actor), tx, c.now, c.communityID, "user.create", target, changes...)
	if err != nil || !c.Welcome && !c.MailPassword {
		return err
	}
	return c.greet(ctx, tx)
}

// greet sends the new member a mail. A password that the actor chose is not
// in it: it would be free text to an address that did not ask.
func (c *creation) greet(ctx context.Context, tx *sqldb.Tx) error {
	here, err := community.Load(ctx, tx, c.communityID)
	if err != nil {
		return err
	}
	link, err := c.s.linkTo(ctx, tx, c.communityID, c.who.ID, c.who.Email, "")
	if err != nil {
		return err
	}
	return c.s.connected.Mail.Send(ctx, tx, mail.Message{
		To: c.who.Email, Language: c.who.Language, Sender: c.actor.Principal(),
		Template: mail.Welcome, CommunityID: c.communityID,
		Values: map[string]string{"community": here.Name, "link": link},
	})
}
