package member

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ui"
)

// namer finds the names of actors and sources, each of them once.
type namer struct {
	*handlers
	communityID string
	reader      actor.Actor
	known       map[string]string
}

// actor is the name of an actor.Actor.Ref, a general one if deleted.
func (n *namer) actor(ctx context.Context, ref string) (string, error) {
	if name, ok := n.known[ref]; ok {
		return name, nil
	}
	kind, id, _ := strings.Cut(ref, ":")
	name, err := "", error(nil)
	switch kind {
	case "account":
		name, err = n.account(ctx, id)
	case "member":
		name, err = n.member(ctx, id)
	case "key":
		name, err = n.key(ctx, id)
	case "command":
		name = ui.T(ctx, "the command line")
	case "open":
		name = ui.T(ctx, "a caller without a key")
	}
	n.known[ref] = name
	return name, err
}

func (n *namer) account(ctx context.Context, id string) (string, error) {
	account, err := n.Accounts.Account(ctx, id)
	if errs.KindOf(err) == errs.NotFound {
		return ui.T(ctx, "a deleted account"), nil
	}
	return account.Username, err
}

// member is the name of a member without an account in a limited session.
func (n *namer) member(ctx context.Context, id string) (string, error) {
	m, err := n.Members.FindIn(ctx, n.reader, n.communityID, id, member.AnyState...)
	if errs.KindOf(err) == errs.NotFound {
		return ui.T(ctx, "a deleted account"), nil
	}
	return m.Username, err
}

func (n *namer) key(ctx context.Context, id string) (string, error) {
	keys, err := n.Access.Keys(ctx, n.reader, n.communityID)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.ID == id {
			return ui.T(ctx, "the key %s", k.Name), nil
		}
	}
	return ui.T(ctx, "a deleted key"), nil
}

// source is the name of a source, with its page if it has one.
func (n *namer) source(ctx context.Context, p ui.Page, s member.Source) (text, link string, err error) {
	label, isJob := map[string]string{"import": p.T("Import"), "update": p.T("Update"), "undo": p.T("Undo of")}[s.Type]
	if !isJob {
		return p.T(ui.LabelOf(changeSources, s.Type)), "", nil
	}
	if name, ok := n.known[s.ID]; ok {
		return name, p.In("/bulk-jobs/" + s.ID), nil
	}
	job, err := n.Bulk.Status(ctx, n.reader, n.communityID, s.ID)
	if errs.KindOf(err) == errs.NotFound {
		return label, "", nil
	}
	if err != nil {
		return "", "", err
	}
	n.known[s.ID] = label + " " + job.FileName
	return n.known[s.ID], p.In("/bulk-jobs/" + s.ID), nil
}

// changeSources are what changes one value at a time, by the type of the
// source.
var changeSources = []ui.Choice{
	{Value: "api", Label: i18n.Key("API")},
	{Value: "console", Label: i18n.Key("Changed in the console")},
	{Value: "revert", Label: i18n.Key("Revert")},
	{Value: "field", Label: i18n.Key("The field was changed")},
	{Value: "tag", Label: i18n.Key("The tag was merged or deleted")},
	{Value: "role", Label: i18n.Key("The role was deleted")},
	{Value: "created", Label: i18n.Key("Initial value")},
}
