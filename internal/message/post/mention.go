package post

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/markdown"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/sqldb"
)

// mentions returns what the text names. Without allow_mentions it names nothing.
func (d *draft) mentions(ctx context.Context) ([]message.Mention, error) {
	if len(d.in.contents.Mentions) == 0 || !d.place.Allows(permission.AllowMentions) {
		return nil, nil
	}
	found, err := resolve(ctx, d.tx, d.communityID, d.in.contents.Mentions)
	if err != nil {
		return nil, err
	}
	if len(found) > message.MaxMentions {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("message", "too_many", "A message has at most %d mentions.", message.MaxMentions)})
	}
	allowed, err := d.allowed(ctx)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Notify = d.in.Allowed == nil || allowed[found[i].Target()]
	}
	return found, nil
}

// allowed returns the targets of mentions that the sender lets notify.
func (d *draft) allowed(ctx context.Context) (map[string]bool, error) {
	if d.in.Allowed == nil {
		return nil, nil
	}
	targets := map[string]bool{message.Everyone: d.in.Allowed.Everyone}
	for _, roleID := range d.in.Allowed.Roles {
		targets[roleID] = true
	}
	for _, ref := range d.in.Allowed.Users {
		named, err := directory.Load(ctx, d.tx, d.communityID, ref, member.Active)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return nil, err
		}
		targets[named.ID] = err == nil
	}
	return targets, nil
}

// maxNames bounds the names of a text that are looked up.
const maxNames = 2_000

// resolve returns the mentions among the tokens of a text.
func resolve(ctx context.Context, q sqldb.Querier, communityID string, tokens []markdown.Token) ([]message.Mention, error) {
	var ids, keys []string
	for _, t := range tokens {
		if t.ID != "" {
			ids = append(ids, t.ID)
		}
		for _, name := range t.Names {
			keys = append(keys, account.UsernameKey(name))
		}
	}
	if len(keys)+len(ids) > maxNames {
		return nil, errs.InvalidFields([]errs.Field{errs.Wrong("message", "too_many", "A message has at most %d mentions.", message.MaxMentions)})
	}
	named, err := loadNamed(ctx, q, communityID, ids, keys)
	if err != nil {
		return nil, err
	}
	var found []message.Mention
	for _, t := range tokens {
		if one, ok := named.meaning(t); ok {
			one.Start = t.Start
			found = append(found, one)
		}
	}
	return found, nil
}

// named are the members and roles that a text may name.
type named struct {
	byID, byKey map[string]message.Mention // members
	byTitle     map[string]message.Mention // roles, by the key of their title
}

// meaning returns what a token names.
func (n *named) meaning(t markdown.Token) (one message.Mention, ok bool) {
	if t.ID != "" {
		one, ok = n.byID[t.ID]
		one.Length = t.Length("")
		return one, ok
	}
	for _, name := range t.Names {
		key := account.UsernameKey(name)
		if key == message.Everyone {
			return message.Mention{Kind: message.MentionsAll, Name: message.Everyone, Length: t.Length(name)}, true
		}
		if one, ok = n.byKey[key]; !ok {
			one, ok = n.byTitle[key]
		}
		if ok {
			one.Length = t.Length(name)
			return one, true
		}
	}
	return message.Mention{}, false
}
