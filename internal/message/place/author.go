package place

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// Author returns the member in whose name the actor writes: the actor's own, or the
// one that a key of the community names. ref is a reference as in Directory.Find;
// "" is the person. It fails with Forbidden "sender_not_self" or NotFound
// "user_not_found".
func Author(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID, ref string) (member.Member, error) {
	if !IsKey(caller) {
		return ownAuthor(ctx, q, caller, communityID, ref)
	}
	if ref == "" {
		return member.Member{}, errs.InvalidFields([]errs.Field{errs.Wrong("sender", "required", "Name the member that the message is from.")})
	}
	return directory.Load(ctx, q, communityID, ref, member.AnyState...)
}

// ownAuthor returns the actor's member if ref names it.
func ownAuthor(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID, ref string) (member.Member, error) {
	self, err := directory.Self(ctx, q, caller, communityID)
	if err != nil || ref == "" {
		return self, err
	}
	named, err := directory.Load(ctx, q, communityID, ref, member.AnyState...)
	if errs.KindOf(err) == errs.NotFound || err == nil && named.ID != self.ID {
		err = errs.New(errs.Forbidden, "sender_not_self", "A person sends messages in their own name only.")
	}
	return self, err
}

// CheckAuthor checks that the member whom a key names is active, and may write in a
// whisper channel. It fails with Conflict "sender_not_active" or "channel_read_only".
func (p Place) CheckAuthor(ctx context.Context, q sqldb.Querier, auth *access.Access, communityID string, author member.Member) error {
	if !p.ByKey || author.State == member.Active && author.SuspendedUntil == 0 && p.Channel.Type != chat.Whisper {
		return nil
	}
	subject, err := ActiveAuthor(ctx, q, auth, communityID, author)
	if err == nil && p.Channel.Type == chat.Whisper && !Whispers(subject, p.Channel) {
		err = errs.New(errs.Conflict, "channel_read_only", "This member cannot write in this channel.")
	}
	return err
}

// ActiveAuthor fails with Conflict "sender_not_active" for a member who is not.
func ActiveAuthor(ctx context.Context, q sqldb.Querier, auth *access.Access, communityID string, author member.Member) (access.ChannelActor, error) {
	subject, err := auth.ChannelActorOfMember(ctx, q, communityID, author.ID)
	if err == nil && (author.State != member.Active || subject.FixedRule == access.RuleSuspended) {
		err = errs.New(errs.Conflict, "sender_not_active", "This member is not active, so nothing can be sent in their name.")
	}
	return subject, err
}
