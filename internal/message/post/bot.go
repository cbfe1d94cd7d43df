package post

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/wordlist"
	"github.com/regulars/regulars/internal/sqldb"
)

// Automatic is a message of an automation.
type Automatic struct {
	ChannelID string
	Text      string
	Template  string // only members and roles that it names are mentioned in Text
}

// SendAutomatic posts a message in the caller's transaction and returns its id. The author
// is an automation, which may post in every channel. It fails as Send does.
func (p *Posts) SendAutomatic(ctx context.Context, tx *sqldb.Tx, automation actor.Actor, communityID string, a Automatic) (string, error) {
	in := Input{Text: a.Text}
	if err := in.normalise(); err != nil {
		return "", err
	}
	template := Input{Text: a.Template}
	if err := template.normalise(); err != nil {
		return "", err
	}
	found, err := chat.Load(ctx, tx, communityID, a.ChannelID)
	if err != nil {
		return "", err
	}
	d := &draft{
		Posts: p, tx: tx, caller: automation, communityID: communityID, in: in,
		place: place.Place{Channel: found, ByKey: true, Subject: access.ChannelActor{FixedRule: access.RuleKey}},
	}
	if d.lists, err = wordlist.Of(ctx, tx, communityID); err != nil {
		return "", err
	}
	if err := d.write(ctx, ""); err != nil {
		return "", err
	}
	named, err := resolve(ctx, tx, communityID, template.contents.Mentions)
	if err != nil {
		return "", err
	}
	d.message.Mentions = slices.DeleteFunc(d.message.Mentions, func(one message.Mention) bool {
		return !slices.ContainsFunc(named, func(n message.Mention) bool { return n.Target() == one.Target() })
	})
	if err := d.lists.Check(d.message.Text, false); err != nil {
		return "", err
	}
	if err := d.checkTopic(ctx); err != nil {
		return "", err
	}
	_, err = d.insert(ctx)
	return d.message.ID, err
}
