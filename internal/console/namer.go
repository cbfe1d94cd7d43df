package console

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

// namer finds the names of actors and sources, each of them once.
type namer struct {
	*console
	communityID string
	known       map[string]string
}

// actor is the name of an actor.Actor.Ref; what is gone keeps a general one.
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
		name = T(ctx, "the command line")
	case "open":
		name = T(ctx, "somebody without a key")
	}
	n.known[ref] = name
	return name, err
}

func (n *namer) account(ctx context.Context, id string) (string, error) {
	account, err := n.Accounts.Account(ctx, id)
	if errs.KindOf(err) == errs.NotFound {
		return T(ctx, "somebody who is gone"), nil
	}
	return account.Username, err
}

// member is the name of a member without an account who acted in a limited
// session.
func (n *namer) member(ctx context.Context, id string) (string, error) {
	m, err := n.Members.FindIn(ctx, n.communityID, id, member.AnyState...)
	if errs.KindOf(err) == errs.NotFound {
		return T(ctx, "somebody who is gone"), nil
	}
	return m.Username, err
}

func (n *namer) key(ctx context.Context, id string) (string, error) {
	keys, err := n.Access.Keys(ctx, n.communityID)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.ID == id {
			return T(ctx, "the key %s", k.Name), nil
		}
	}
	return T(ctx, "a key that is gone"), nil
}

// source is where a change came from, and the page about it if there is one.
func (n *namer) source(ctx context.Context, p Page, s member.Source) (text, link string, err error) {
	label, isJob := map[string]string{"import": p.T("Import"), "update": p.T("Update"), "undo": p.T("Undo of")}[s.Type]
	if !isJob {
		return p.T(labelOf(changeSources, s.Type)), "", nil
	}
	if name, ok := n.known[s.ID]; ok {
		return name, p.In("/api-log/" + s.ID), nil
	}
	job, err := n.Bulk.Status(ctx, n.communityID, s.ID)
	if errs.KindOf(err) == errs.NotFound {
		return label, "", nil
	}
	if err != nil {
		return "", "", err
	}
	n.known[s.ID] = label + " " + job.FileName
	return n.known[s.ID], p.In("/api-log/" + s.ID), nil
}

// changeSources are what changes one value at a time, by the type of the
// source.
var changeSources = []Choice{
	{"api", i18n.Key("API")},
	{"console", i18n.Key("Changed in the console")},
	{"revert", i18n.Key("Put back")},
	{"field", i18n.Key("The field was changed")},
	{"tag", i18n.Key("The tag was deleted")},
	{"role", i18n.Key("The role was deleted")},
	{"created", i18n.Key("At the beginning")},
}
