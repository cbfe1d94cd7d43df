package roster

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Create creates an unclaimed member; it neither creates, changes nor reads an
// account. A password is checked and not stored: the person chooses one. It
// fails as access.Can does for createUser, with Invalid invalid_input, with Forbidden rank_too_low or
// missing_permission for a role, and with a Conflict whose fields name the
// values in use: email_taken, username_taken, identifier_taken,
// external_id_taken, member_declined, or member_deleted, member_left,
// member_banned for a former member.
func (s *Roster) Create(ctx context.Context, actor actor.Actor, communityID string, in CreateInput) (member.Member, error) {
	if err := member.Require(ctx, s.db, actor, communityID, permission.CreateUser, s.clock.MS()); err != nil {
		return member.Member{}, err
	}
	n := in.check()
	if (n.Welcome || n.MailPassword) && s.mail == nil {
		return member.Member{}, errs.New(errs.Unavailable, "mail_unavailable", "This server sends no mail. Create the user without sendEmail and emailPassword.")
	}
	// The first attempt skips lookups; a unique violation means that the email,
	// the username or an identifier is taken. The second one names the values;
	// more are for races.
	const tries = 4
	for try := 1; ; try++ {
		made := creation{validInput: n, s: s, actor: actor, communityID: communityID, looks: try > 1}
		wrong := slices.Clip(n.wrong)
		var m member.Member
		err := s.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			n.wrong = wrong // errors of an abandoned attempt do not apply
			if err := made.run(ctx, tx); err != nil {
				return err
			}
			// Read on the connection that wrote: its page cache is warm.
			m, err = member.LoadBy(ctx, tx, communityID, "user_id", made.who.ID, member.AnyState)
			return err
		})
		n.wrong = wrong
		if sqldb.IsDuplicate(err) && try < tries {
			continue
		}
		return m, err
	}
}

// creation is one attempt to create a member.
type creation struct {
	*validInput
	s           *Roster
	actor       actor.Actor
	communityID string
	looks       bool // a key is taken: find the members
	now         int64
	who         *member.Record
	held        []member.Identifier
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
	return c.record(ctx, tx)
}

// begin sets the values that need no lookup.
func (c *creation) begin(ctx context.Context, tx *sqldb.Tx) error {
	at := c.s.clock.Now()
	c.now = at.UnixMilli()
	c.who = &member.Record{ID: id.New(at), Email: c.Email, EmailKey: c.emailKey, Username: c.Username, UsernameKey: c.usernameKey}
	if c.looks && len(c.wrong) == 0 {
		if err := c.findTaken(ctx, tx); err != nil {
			return err
		}
	}
	c.who.State, c.who.JoinedAt, c.who.UpdatedAt = member.Active, c.now, c.now
	if c.Ahead {
		c.who.State = member.Pending
	}
	c.who.FirstName, c.who.LastName, c.who.DisplayName = c.FirstName, c.LastName, c.DisplayName
	return nil
}

// declined rejects a person after a decline, unless a member has the address:
// by an invite that was accepted, or by a change of the account's address.
func (c *creation) declined(ctx context.Context, tx *sqldb.Tx) error {
	declined, err := member.Declined(ctx, tx, c.communityID, []string{c.emailKey})
	if err != nil || !declined[c.emailKey] || len(c.wrong) > 0 {
		return err
	}
	found, err := member.Lookup(ctx, tx, c.communityID, member.KeySet{Emails: []string{c.emailKey}}, true)
	if err != nil || len(found) > 0 { // the unique key rejects it
		return err
	}
	return member.ErrDeclined()
}

func (c *creation) findTaken(ctx context.Context, tx *sqldb.Tx) error {
	found, err := member.Lookup(ctx, tx, c.communityID, member.KeySet{Emails: []string{c.emailKey}, Usernames: []string{c.usernameKey}}, true)
	if err != nil {
		return err
	}
	var byEmail, byUsername *member.Record
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

// takenBy returns a Conflict that names the values in use, nil if there are
// none.
func takenBy(byEmail, byUsername *member.Record) error {
	var fields []errs.Field
	add := func(field, code, message string) {
		fields = append(fields, errs.Field{Field: field, Code: code, Message: message})
	}
	if byEmail != nil {
		code, message := member.InactiveReason(byEmail.State)
		add("email", cmp.Or(code, "email_taken"), cmp.Or(message, "A member of this community has this email address."))
	}
	if byUsername != nil {
		add("username", "username_taken", "A member of this community has this username.")
	}
	if len(fields) == 0 {
		return nil
	}
	return account.Conflict(fields...)
}

func (c *creation) rolesAndFields(ctx context.Context, tx *sqldb.Tx) error {
	fields, err := field.List(ctx, tx, c.communityID)
	if err != nil {
		return err
	}
	if err := c.setCountry(ctx, tx, fields); err != nil {
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

// setCountry sets the country of national phone numbers: the one of the new
// member, else of the community.
func (c *creation) setCountry(ctx context.Context, tx *sqldb.Tx, fields []field.Field) error {
	c.country = ""
	phones := false
	for _, v := range c.Fields {
		f := member.FindField(fields, v.Field)
		if f == nil {
			continue
		}
		phones = phones || f.Type == field.Phone
		if f.Default && f.Field == field.CountryName {
			value, _ := f.FromJSON(v.Value) // values reports a problem
			c.country, _ = value.(string)
		}
	}
	if !phones || c.country != "" {
		return nil
	}
	home, err := community.Load(ctx, tx, c.communityID)
	c.country = home.Settings.DefaultCountry
	return err
}

// role sets a role that the actor may assign.
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
	roleID := member.IDOf(titles, c.Role)
	if roleID == "" {
		c.fail("accessLevel", "unknown_role", "There is no role with this title or _id.")
		return nil
	}
	role := roles[slices.IndexFunc(roles, func(r access.Role) bool { return r.ID == roleID })]
	power, err := access.AuthorityOf(ctx, tx, member.Memberships{}, c.actor, c.communityID)
	if err != nil {
		return err
	}
	if err := power.KeyMayAssign(role); err != nil {
		return err
	}
	c.who.RoleIDs, c.given = []string{role.ID}, role.Title
	return power.MayChangeRole(access.Role{}, role)
}

// identify checks that no other member has the identifiers.
func (c *creation) identify(ctx context.Context, tx *sqldb.Tx) error {
	if c.ExternalID != "" {
		c.held = append(c.held, member.Identifier{FieldID: member.ExternalID, Key: c.ExternalID, UserID: ""})
	}
	for i := range c.held {
		c.held[i].UserID = c.who.ID
		holders, err := member.Identifiers(ctx, tx, c.communityID, c.held[i].FieldID, []string{c.held[i].Key})
		if err != nil {
			return err
		}
		switch {
		case len(holders) == 0:
		case c.held[i].FieldID == member.ExternalID:
			return member.ErrTaken("external_id_taken", "externalId", "Another member has this external id.")
		default:
			return member.ErrTaken("identifier_taken", "customFields", "Another member has the value %s in a unique field.", c.held[i].Key)
		}
	}
	return nil
}

func (c *creation) write(ctx context.Context, tx *sqldb.Tx) error {
	if err := member.Insert(ctx, tx, c.communityID, []*member.Record{c.who}); err != nil {
		return err
	}
	if err := member.SetOrigin(ctx, tx, c.communityID, c.who.ID, c.ExternalID, c.Referral); err != nil {
		return err
	}
	return member.SetIdentifiers(ctx, tx, c.communityID, nil, c.held)
}

// record appends the event and the audit entry, and queues the mail.
func (c *creation) record(ctx context.Context, tx *sqldb.Tx) error {
	if c.who.State == member.Active {
		if err := member.AppendJoined(ctx, tx, c.actor, c.now, c.communityID, c.who, ""); err != nil {
			return err
		}
	}
	var changes []audit.Change
	if c.given != "" {
		changes = append(changes, audit.Change{Field: "role", New: c.given})
	}
	target := audit.Target{Type: "user", ID: c.who.ID, Name: c.who.Username}
	err := audit.Record(ctx, tx, c.actor, c.now, c.communityID, "user.create", target, changes...)
	if err != nil || !c.Welcome && !c.MailPassword {
		return err
	}
	return c.sendMail(ctx, tx)
}

// sendMail queues the welcome mail. It never contains the password, which would be
// free text to an address that did not ask for it.
func (c *creation) sendMail(ctx context.Context, tx *sqldb.Tx) error {
	here, err := community.Load(ctx, tx, c.communityID)
	if err != nil {
		return err
	}
	link, err := member.CreateMailLink(ctx, tx, c.communityID, c.who.ID, c.who.Email, "", c.now)
	if err != nil {
		return err
	}
	return c.s.mail.Send(ctx, tx, mail.Message{
		To: c.who.Email, Language: c.who.Language, Sender: c.actor.Principal(),
		Template: mail.Welcome, CommunityID: c.communityID,
		Values: map[string]string{"community": here.Name, "link": c.s.baseURL() + link},
	})
}
