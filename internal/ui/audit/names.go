package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
)

// auditNames are the names that things of the community have now, by their
// ids, with the pages about them.
type auditNames struct {
	*ui.Request
	*handlers
	texts ui.AuditTexts
	page  ui.Page
	known map[string]audited
	named map[string]string // fields of members by their database names
}

// audited is the target of an entry; Name is "" for a deleted one.
type audited struct{ Name, Link string }

// auditRows returns entries as sentences.
func (h *handlers) auditRows(v *ui.Request, p ui.Page, entries []audit.Entry) ([]AuditRow, error) {
	n := &auditNames{Request: v, handlers: h, texts: h.AuditTexts(), page: p, known: map[string]audited{}, named: map[string]string{}}
	if err := n.load(); err != nil {
		return nil, err
	}
	rows := make([]AuditRow, len(entries))
	for i, e := range entries {
		about, err := n.target(e.Target)
		if err != nil {
			return nil, err
		}
		rows[i] = AuditRow{Actor: e.ActorName, Action: string(e.Action), Target: about.Name, Link: about.Link, At: e.At}
		for _, change := range e.Changes {
			rows[i].Changes = append(rows[i].Changes, n.change("", change)...)
		}
	}
	return rows, nil
}

// load reads the names of all objects except members and jobs.
func (n *auditNames) load() error {
	ctx, here := n.Context(), n.Community.ID
	names, err := n.Members.Names(ctx, n.Actor, here)
	if err != nil {
		return err
	}
	for id, title := range names.Roles {
		n.known["role:"+id] = audited{title, n.In("/roles/" + id)}
	}
	for id, name := range names.Tags {
		n.known["tag:"+id] = audited{name, n.In("/tags/" + id)}
	}
	fields, err := n.Fields.List(ctx, n.Actor, here)
	if err != nil {
		return err
	}
	for _, f := range fields {
		name := f.Name
		if f.Default {
			name = n.T(f.Name)
		} else {
			n.known["field:"+f.ID] = audited{f.Name, n.In("/fields/" + f.ID)}
		}
		n.named[f.Field], n.named[f.ID] = name, name
	}
	channels, err := n.Chat.Channels(ctx, n.Actor, here)
	if err != nil {
		return err
	}
	for _, ch := range channels {
		n.known["channel:"+ch.ID] = audited{ch.Topic, n.In("/channels/" + ch.ID)}
	}
	categories, err := n.Chat.Categories(ctx, n.Actor, here)
	if err != nil {
		return err
	}
	for _, one := range categories {
		n.known["category:"+one.ID] = audited{one.Name, n.In("/channels/categories/" + one.ID)}
	}
	keys, err := n.Access.Keys(ctx, n.Actor, here)
	for _, k := range keys {
		n.known["api_key:"+k.ID] = audited{k.Name, n.In("/api-keys/" + k.ID)}
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
		found = audited{t.Name, n.In("/bulk-jobs/" + t.ID)}
	}
	found.Name = cmp.Or(found.Name, t.Name, n.T("deleted"))
	return found, err
}

func (n *auditNames) user(id string) (audited, error) {
	m, err := n.Members.Find(n.Context(), n.Actor, n.Community.ID, id)
	found := audited{m.Username, n.In("/members/" + id)}
	if errs.KindOf(err) == errs.NotFound {
		found, err = audited{}, nil
	}
	n.known["user:"+id] = found
	return found, err
}

// change is a change in words; one of a thing with parts is one for each part
// that differs. under is what it is a part of.
func (n *auditNames) change(under string, c audit.Change) (list []ui.Change) {
	old, hadParts := c.Old.(map[string]any)
	now, hasParts := c.New.(map[string]any)
	if !hadParts && !hasParts {
		return []ui.Change{{Field: under + n.field(c.Field), Old: n.value(c.Field, c.Old), New: n.value(c.Field, c.New)}}
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
	if label := ui.Label(n.texts.Fields, name); label != name {
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
		found, _ = n.user(id) // without a name it is a deleted one
	}
	return cmp.Or(found.Name, n.T("deleted"))
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
	return n.page.Reader.Value(value)
}

// text is a value that is a text, in words where it is a name for programs.
func (n *auditNames) text(field, text string) string {
	switch field {
	case "categoryId":
		if text != "" {
			return cmp.Or(n.known["category:"+text].Name, n.T("deleted"))
		}
	case "requiredFields":
		return cmp.Or(n.named[text], text)
	case "logo":
		if text != "" {
			return n.T("a picture")
		}
	case "until":
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return n.page.Reader.Exact(at.UnixMilli())
		}
	}
	if text == "allow" || text == "deny" {
		return n.T(ui.Label(overrideValues, text))
	}
	if values, named := n.texts.Values[field]; named {
		return n.T(ui.Label(values, text))
	}
	return text
}
