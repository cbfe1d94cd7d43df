package message

import (
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/sqldb"
)

// erasedMention replaces the mention of an erased member in a text.
const erasedMention = "@deleted"

// EraseMembers removes members from messages, in the caller's transaction: as
// authors, from mentions and earlier texts, with their images, and from reactions,
// whose number stays.
func (m *Messages) EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	mentioning, err := mentioning(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	for i := range mentioning {
		mentioning[i].eraseMentions(memberIDs)
		if err := setText(ctx, tx, communityID, &mentioning[i]); err != nil {
			return err
		}
	}
	return eraseAuthors(ctx, tx, communityID, memberIDs)
}

// eraseMentions replaces the mentions of members in the text.
func (m *Message) eraseMentions(memberIDs []string) {
	for i, one := range m.Mentions {
		if one.Kind == MentionsMember && slices.Contains(memberIDs, one.ID) {
			m.Text = strings.ReplaceAll(m.Text, one.Text, erasedMention)
			m.Mentions[i] = Mention{Kind: MentionsMember, Text: erasedMention, Name: strings.TrimPrefix(erasedMention, "@")}
		}
	}
}
