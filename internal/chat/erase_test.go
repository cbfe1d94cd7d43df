package chat_test

import (
	"testing"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestErasureDeletesOnlyOverridesOfTheMember(t *testing.T) {
	each(t, func(p *place) {
		ch := p.channel(chat.Input{Topic: "lobby"})
		high, plain := p.member("high"), p.member("plain")
		_, err := p.chat.SetOverrides(p.Context(), command, p.id, ch.ID, []chat.OverrideInput{
			{User: high, Deny: []string{"post_messages"}}, {User: plain, Deny: []string{"post_messages"}}, {RoleID: p.roles["low"].ID, Deny: []string{"post_messages"}},
		})
		p.ok(err)
		p.ok(p.db.Tx(p.Context(), func(tx *sqldb.Tx) error {
			return chat.EraseMembers(p.Context(), tx, p.id, []string{high})
		}))
		kept, err := sqldb.All(p.Context(), p.db, sqldb.Value[string], "SELECT subject_id FROM channel_overrides WHERE channel_id = $1", ch.ID)
		p.ok(err)
		left := map[string]bool{}
		for _, subject := range kept {
			left[subject] = true
		}
		if left[high] || !left[plain] || !left[p.roles["low"].ID] {
			p.Errorf("left: %v", kept)
		}
	})
}
