package change

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/sqldb"
)

// EraseMembers removes members from texts, in the caller's transaction: from earlier ones
// as authors and actors, from mentions in them and in the events of others, and their own
// texts in conversations, and in channels if the community has chosen it. It is a
// roster.Eraser.
func (s *Changes) EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	if err := eraseInEvents(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	if err := eraseEarlierMentions(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	if err := eraseHistoryActors(ctx, tx, communityID, refs); err != nil {
		return err
	}
	for done := false; !done; {
		if done, err = s.EraseContent(ctx, tx, communityID, memberIDs); err != nil {
			return err
		}
	}
	return nil
}

// eraseRows is the number of messages of one EraseContent.
const eraseRows = 50

// EraseContent removes members as authors from a batch of their messages, newest first,
// with the earlier texts, and the texts that EraseMembers removes. It is a
// roster.ContentEraser.
func (s *Changes) EraseContent(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) (done bool, err error) {
	list, err := selectToErase(ctx, tx, communityID, memberIDs, eraseRows)
	if err != nil || len(list) == 0 {
		return true, err
	}
	home, err := community.Load(ctx, tx, communityID)
	if err != nil {
		return false, err
	}
	ids := make([]string, len(list))
	for i, one := range list {
		ids[i] = one.id
		if one.direct || home.Settings.ErasureOfMessages == community.DeleteMessages {
			if err := s.eraseText(ctx, tx, communityID, one.id); err != nil {
				return false, err
			}
		}
	}
	if err := deleteHistory(ctx, tx, communityID, ids); err != nil {
		return false, err
	}
	return false, message.EraseAuthor(ctx, tx, communityID, ids)
}

// eraseText deletes a message. With replies it stays without its text.
func (s *Changes) eraseText(ctx context.Context, tx *sqldb.Tx, communityID, messageID string) error {
	in, found, err := s.m.ChangeIn(ctx, tx, actor.Actor{Kind: actor.Command}, communityID, messageID)
	if errs.KindOf(err) == errs.NotFound { // its channel is being cleared
		return nil
	}
	if err == nil && found {
		err = change{in, s}.remove(ctx)
	}
	if err != nil {
		return err
	}
	return message.Blank(ctx, tx, communityID, messageID)
}

// eraseInEvents removes mentions of members from the events of messages of others.
func eraseInEvents(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	authorIDs, err := selectMentioning(ctx, tx, communityID, memberIDs)
	if err != nil || len(authorIDs) == 0 {
		return err
	}
	for _, memberID := range memberIDs {
		err := event.Rewrite(ctx, tx, communityID, authorIDs, []string{message.EventPosted, message.EventUpdated}, memberID, func(data json.RawMessage) (any, error) {
			var about message.EventMessage
			if err := json.Unmarshal(data, &about); err != nil {
				return nil, err
			}
			eraseMention(&about.Message, memberID)
			return about, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eraseMention removes the mentions of a member from a message as of an event.
func eraseMention(v *message.View, memberID string) {
	const erased = "@" + message.ErasedName
	kept := []message.Mentioned{}
	for _, one := range v.Mentions {
		if one.ID != memberID {
			kept = append(kept, one)
			continue
		}
		name := regexp.MustCompile(`(?i)@` + regexp.QuoteMeta(one.Username))
		v.Text = strings.ReplaceAll(name.ReplaceAllLiteralString(v.Text, erased), "<@"+memberID+">", erased)
	}
	v.Mentions = kept
	v.HTML = regexp.MustCompile(`<span[^>]*data-user="`+memberID+`"[^>]*>[^<]*</span>`).ReplaceAllLiteralString(v.HTML, erased)
}
