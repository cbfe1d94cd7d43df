package console

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
)

// auditNames are the names that things of the community have now, by their
// ids, with the pages about them.
type auditNames struct {
	*visit
	console *console
	page    Page
	known   map[string]audited
	named   map[string]string // fields of members by their database names
}

// audited is a thing that is there; Name is "" for what is gone.
type audited struct{ Name, Link string }

// auditRows says entries of the log in words.
func (c *console) auditRows(v *visit, p Page, entries []audit.Entry) ([]AuditRow, error) {
	n := &auditNames{visit: v, console: c, page: p, known: map[string]audited{}, named: map[string]string{}}
	if err := n.load(); err != nil {
		return nil, err
	}
	rows := make([]AuditRow, len(entries))
	for i, e := range entries {
		about, err := n.target(e.Target)
		if err != nil {
			return nil, err
		}
		rows[i] = AuditRow{Actor: e.ActorName, Action: e.Action, Target: about.Name, Link: about.Link, At: e.At}
		for _, change := range e.Changes {
			rows[i].Changes = append(rows[i].Changes, n.change("", change)...)
		}
	}
	return rows, nil
}

// load reads what there are few of.
func (n *auditNames) load() error {
	ctx, c, here := n.Context(), n.console, n.community.ID
	names, err := c.Members.Names(ctx, here)
	if err != nil {
		return err
	}
	for id, title := range names.Roles {
		n.known["role:"+id] = audited{title, n.in("/roles/" + id)}
	}
	for id, name := range names.Tags {
		n.known["tag:"+id] = audited{Name: name}
	}
	fields, err := c.Fields.List(ctx, here)
	if err != nil {
		return err
	}
	for _, f := range fields {
		name := f.Name
		if f.Default {
			name = n.T(f.Name)
		} else {
			n.known["field:"+f.ID] = audited{f.Name, n.in("/fields/" + f.ID)}
		}
		n.named[f.Field], n.named[f.ID] = name, name
	}
	channels, err := c.Chat.Channels(ctx, n.actor, here)
	if err != nil {
		return err
	}
	for _, ch := range channels {
		n.known["channel:"+ch.ID] = audited{ch.Topic, n.in("/channels/" + ch.ID)}
	}
	categories, err := c.Chat.Categories(ctx, here)
	if err != nil {
		return err
	}
	for _, one := range categories {
		n.known["category:"+one.ID] = audited{one.Name, n.in("/channels/categories/" + one.ID)}
	}
	keys, err := c.Access.Keys(ctx, here)
	for _, k := range keys {
		n.known["api_key:"+k.ID] = audited{k.Name, n.in("/api-keys/" + k.ID)}
	}
	return err
}

// target is what something was done to, by the name it has now, else by the
// one it had then.
func (n *auditNames) target(t audit.Target) (audited, error) {
	found, known := n.known[t.Type+":"+t.ID]
	var err error
	switch {
	case known:
	case t.Type == "user":
		found, err = n.user(t.ID)
	case t.Type == "bulk_job":
		found = audited{t.Name, n.in("/api-log/" + t.ID)}
	}
	found.Name = cmp.Or(found.Name, t.Name, n.T("something that is gone"))
	return found, err
}

func (n *auditNames) user(id string) (audited, error) {
	m, err := n.console.Members.Find(n.Context(), n.community.ID, id)
	found := audited{m.Username, n.in("/members/" + id)}
	if errs.KindOf(err) == errs.NotFound {
		found, err = audited{}, nil
	}
	n.known["user:"+id] = found
	return found, err
}

// change is a change in words; one of a thing with parts is one for each part
// that differs. under is what it is a part of.
func (n *auditNames) change(under string, c audit.Change) (list []Change) {
	old, hadParts := c.Old.(map[string]any)
	now, hasParts := c.New.(map[string]any)
	if !hadParts && !hasParts {
		return []Change{{under + n.field(c.Field), n.value(c.Field, c.Old), n.value(c.Field, c.New)}}
	}
	parts := maps.Clone(now)
	if parts == nil {
		parts = map[string]any{}
	}
	maps.Copy(parts, old)
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		within := ""
		if c.Field != "joining" && c.Field != "currencies" {
			within = n.field(c.Field) + ", "
		}
		for _, one := range n.change(within, audit.Change{Field: part, Old: old[part], New: now[part]}) {
			if one.Old != one.New {
				list = append(list, one)
			}
		}
	}
	return list
}

// field is what changed: a permission or a property in words, a field of
// members by its name, anything else by the name programs know it by.
func (n *auditNames) field(name string) string {
	if subject, permission, ok := strings.Cut(name, " "); ok { // an override of a channel
		return n.subject(subject) + ": " + n.field(permission)
	}
	for _, g := range append(slices.Clone(serverGrants), channelGrants...) {
		if g.Value == name {
			return n.T(g.Label)
		}
	}
	if label := phrase(auditFields, name); label != name {
		return n.T(label)
	}
	return cmp.Or(n.named[name], name)
}

// subject is the role or member that an override is for.
func (n *auditNames) subject(id string) string {
	if role, ok := n.known["role:"+id]; ok {
		return role.Name
	}
	found, ok := n.known["user:"+id]
	if !ok {
		found, _ = n.user(id) // without a name it is something that is gone
	}
	return cmp.Or(found.Name, n.T("something that is gone"))
}

// value is a value of the log as a text.
func (n *auditNames) value(field string, value any) string {
	switch one := value.(type) {
	case string:
		return n.text(field, one)
	case float64:
		if field == "expiresAt" && one == 0 {
			return n.T("Never")
		}
		if field == "expiresAt" || field == "oldUntil" {
			return n.page.Reader.Day(int64(one))
		}
		if one == float64(int64(one)) {
			return n.page.Reader.Number(int64(one))
		}
	case []any:
		texts := make([]string, len(one))
		for i, item := range one {
			texts[i] = n.value(field, item)
		}
		return strings.Join(texts, n.T(", "))
	}
	return n.page.Reader.value(value)
}

// text is a value that is a text, in words where it is a name for programs.
func (n *auditNames) text(field, text string) string {
	switch field {
	case "categoryId":
		if text != "" {
			return cmp.Or(n.known["category:"+text].Name, n.T("something that is gone"))
		}
	case "requiredFields":
		return cmp.Or(n.named[text], text)
	case "permissions":
		return n.T(permissionName(text))
	case "channelType":
		return n.T(phrase(channelTypes, text))
	case "type":
		return n.T(typeName(text))
	case "logo":
		if text != "" {
			return n.T("a picture")
		}
	case "policy", "state", "kind":
		return n.T(phrase(auditValues, text))
	case "until":
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return n.page.Reader.Exact(at.UnixMilli())
		}
	}
	if text == "allow" || text == "deny" {
		return n.T(phrase(auditValues, text))
	}
	return text
}
