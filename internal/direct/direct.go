// Package direct stores conversations between a few members: who takes part, and
// which message is the last one. The messages belong to a higher package.
package direct

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// Limits of conversations.
const (
	MaxParticipants = 10 // with the member that starts it
	maxPage         = 100
)

// Conversation is a conversation between members.
type Conversation struct {
	ID            string
	LastMessageID string          // "": no message yet
	Participants  []member.Member // by id, in any state; erased ones are missing
	CreatedAt     int64           // Unix milliseconds

	sortKey string
}

// Conversations are the conversations of all communities. It is safe for concurrent
// use.
type Conversations struct{ d Deps }

// Deps are the dependencies of Conversations.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
}

// New returns the Conversations of a database.
func New(d Deps) *Conversations { return &Conversations{d} }

// Start returns the conversation of the sender with other members, which it creates
// if there is none; created says so. users and sender are references as in
// directory.Find; sender is "" for a person. It fails as access.Can does for
// StartDirect (a key of a community: SendMessage), with Invalid "invalid_input",
// Forbidden "sender_not_self" or "blocked", NotFound "user_not_found", or Conflict
// "sender_not_active".
func (c *Conversations) Start(ctx context.Context, caller actor.Actor, communityID string, users []string, sender string) (found Conversation, created bool, err error) {
	need := permission.StartDirect
	if byKey(caller) {
		need = permission.SendMessage
	}
	if err := c.d.Access.Can(ctx, caller, communityID, need); err != nil {
		return Conversation{}, false, err
	}
	if len(users) == 0 || len(users) >= MaxParticipants {
		return Conversation{}, false, wrongUsers()
	}
	self, err := c.sender(ctx, caller, communityID, sender)
	if err != nil {
		return Conversation{}, false, err
	}
	ids := []string{self.ID}
	for _, ref := range users {
		one, err := directory.Load(ctx, c.d.DB, communityID, ref, member.Active)
		if err != nil {
			return Conversation{}, false, err
		}
		ids = append(ids, one.ID)
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 1 {
		return Conversation{}, false, wrongUsers()
	}
	now := c.d.Clock.Now()
	wanted := Conversation{ID: id.New(now), CreatedAt: now.UnixMilli()}
	err = c.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := checkBlocks(ctx, tx, communityID, self.ID, ids); err != nil {
			return err
		}
		stored, err := ensureConversation(ctx, tx, communityID, wanted, participantsKey(ids))
		if err != nil {
			return err
		}
		if created = stored == wanted.ID; created {
			if err := insertMembers(ctx, tx, communityID, stored, ids); err != nil {
				return err
			}
		}
		found, err = Load(ctx, tx, communityID, stored)
		return err
	})
	return found, created, err
}

func wrongUsers() error {
	return errs.InvalidFields([]errs.Field{errs.Wrong("users", "invalid", "A conversation is with 1 to %d other members.", MaxParticipants-1)})
}

// byKey reports whether the actor names the member for whom it acts.
func byKey(caller actor.Actor) bool {
	return caller.Kind == actor.CommunityKey || caller.Kind == actor.Command
}

// sender returns the member that starts a conversation.
func (c *Conversations) sender(ctx context.Context, caller actor.Actor, communityID, ref string) (member.Member, error) {
	if byKey(caller) {
		return c.senderOfKey(ctx, communityID, ref)
	}
	self, err := directory.Self(ctx, c.d.DB, caller, communityID)
	if err != nil || ref == "" {
		return self, err
	}
	named, err := directory.Load(ctx, c.d.DB, communityID, ref, member.AnyState...)
	if errs.KindOf(err) == errs.NotFound || err == nil && named.ID != self.ID {
		err = errs.New(errs.Forbidden, "sender_not_self", "A person starts conversations in their own name only.")
	}
	return self, err
}

func (c *Conversations) senderOfKey(ctx context.Context, communityID, ref string) (member.Member, error) {
	if ref == "" {
		return member.Member{}, errs.InvalidFields([]errs.Field{errs.Wrong("sender", "required", "Name the member that starts the conversation.")})
	}
	named, err := directory.Load(ctx, c.d.DB, communityID, ref, member.AnyState...)
	if err != nil {
		return named, err
	}
	subject, err := c.d.Access.ChannelActorOfMember(ctx, c.d.DB, communityID, named.ID)
	if err == nil && (named.State != member.Active || subject.FixedRule == access.RuleSuspended) {
		err = errs.New(errs.Conflict, "sender_not_active", "This member is not active, so no conversation can be started in their name.")
	}
	return named, err
}

// participantsKey returns the same text for the same set; ids are sorted and unique.
func participantsKey(ids []string) string {
	sum := sha256.Sum256([]byte(strings.Join(ids, " ")))
	return hex.EncodeToString(sum[:])
}

// checkBlocks returns Forbidden "blocked" if a member blocks one of the others or is
// blocked by one.
func checkBlocks(ctx context.Context, q sqldb.Querier, communityID, memberID string, others []string) error {
	blocked, err := block.BetweenAny(ctx, q, communityID, memberID, others)
	if err == nil && blocked {
		err = errs.New(errs.Forbidden, "blocked", "One of the participants does not receive messages from this member.")
	}
	return err
}

// List returns a part of the conversations of a member, the one with the last message
// first, and the cursor of the next part, "" at the end. A person lists the own ones;
// a key of a community names the member in user, a reference as in directory.Find. It
// fails as access.Can does for GetMessages, or with Invalid "invalid_input" or
// "invalid_cursor", Forbidden "missing_permission" or NotFound "user_not_found".
func (c *Conversations) List(ctx context.Context, caller actor.Actor, communityID, user, cursor string, limit int) ([]Conversation, string, error) {
	if err := c.d.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, "", err
	}
	if cursor != "" && !id.Valid(cursor) {
		return nil, "", errs.New(errs.Invalid, "invalid_cursor", "This cursor is not from this list. Start without one.")
	}
	reader, err := c.reader(ctx, caller, communityID, user)
	if err != nil {
		return nil, "", err
	}
	limit = min(max(limit, 1), maxPage)
	list, err := selectOfMember(ctx, c.d.DB, communityID, reader.ID, cursor, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].sortKey
	}
	return list, next, addParticipants(ctx, c.d.DB, communityID, list)
}

// reader returns the member whose conversations the actor lists.
func (c *Conversations) reader(ctx context.Context, caller actor.Actor, communityID, user string) (member.Member, error) {
	if byKey(caller) {
		if user == "" {
			return member.Member{}, errs.InvalidFields([]errs.Field{errs.Wrong("user_id", "required", "Name the member whose conversations you list.")})
		}
		return directory.Load(ctx, c.d.DB, communityID, user, member.Active, member.Pending, member.Left, member.Banned)
	}
	self, err := directory.Self(ctx, c.d.DB, caller, communityID)
	if err != nil || user == "" {
		return self, err
	}
	named, err := directory.Load(ctx, c.d.DB, communityID, user, member.AnyState...)
	if errs.KindOf(err) == errs.NotFound || err == nil && named.ID != self.ID {
		err = errs.New(errs.Forbidden, "missing_permission", "A person lists their own conversations only.")
	}
	return self, err
}

// Load returns a conversation with its participants. It fails with NotFound
// "channel_not_found".
func Load(ctx context.Context, q sqldb.Querier, communityID, conversationID string) (Conversation, error) {
	found, err := selectConversation(ctx, q, communityID, conversationID)
	if err != nil {
		return found, err
	}
	one := []Conversation{found}
	err = addParticipants(ctx, q, communityID, one)
	return one[0], err
}

// MemberIDs returns the participants of a conversation, none if there is no such
// conversation.
func MemberIDs(ctx context.Context, q sqldb.Querier, communityID, conversationID string) ([]string, error) {
	rows, err := selectMembers(ctx, q, communityID, []string{conversationID})
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.userID
	}
	return ids, err
}

// addParticipants sets the participants of conversations.
func addParticipants(ctx context.Context, q sqldb.Querier, communityID string, list []Conversation) error {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	rows, err := selectMembers(ctx, q, communityID, ids)
	if err != nil {
		return err
	}
	var memberIDs []string
	for _, row := range rows {
		memberIDs = append(memberIDs, row.userID)
	}
	members, err := member.LoadMany(ctx, q, communityID, memberIDs)
	if err != nil {
		return err
	}
	of := map[string][]member.Member{}
	for _, row := range rows {
		if who, ok := members[row.userID]; ok {
			of[row.conversationID] = append(of[row.conversationID], who)
		}
	}
	for i := range list {
		list[i].Participants = of[list[i].ID]
	}
	return nil
}

// Includes reports whether a member takes part.
func (c Conversation) Includes(memberID string) bool {
	return slices.ContainsFunc(c.Participants, func(m member.Member) bool { return m.ID == memberID })
}

// OpenFor checks that a participant can write: it returns Conflict "channel_read_only"
// if every other participant has left, and Forbidden "blocked" if one of them blocks
// the member or is blocked.
func (c Conversation) OpenFor(ctx context.Context, q sqldb.Querier, communityID, memberID string) error {
	var others []string
	active := false
	for _, one := range c.Participants {
		if one.ID != memberID {
			others = append(others, one.ID)
			active = active || one.State == member.Active
		}
	}
	if !active {
		return errs.New(errs.Conflict, "channel_read_only", "Every other participant of this conversation has left.")
	}
	return checkBlocks(ctx, q, communityID, memberID, others)
}

// Posted makes a message the last one of its conversation, in the caller's
// transaction, unless a later one is.
func Posted(ctx context.Context, tx *sqldb.Tx, communityID, conversationID, messageID string) error {
	return updateLast(ctx, tx, communityID, conversationID, messageID)
}
