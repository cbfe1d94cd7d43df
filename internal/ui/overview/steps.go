package overview

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// firstSteps are the first steps of a new community in their order. Texts are
// keys of sentences.
var firstSteps = []struct {
	icon, title, text, path string
	need                    actor.Permission
	done                    func(h *handlers, v *ui.Request, total int64) (bool, error)
}{
	{
		"rows-3", i18n.Key("Create fields"), i18n.Key("Data of members beyond name, email and phone."), "/fields", permission.UserFields,
		func(h *handlers, v *ui.Request, _ int64) (bool, error) {
			fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
			for _, f := range fields {
				if !f.Default {
					return true, err
				}
			}
			return false, err
		},
	},
	{
		"upload", i18n.Key("Import members"), i18n.Key("From a CSV or Excel file, with a preview of every change."), "/import", permission.BulkUpdateUser,
		func(_ *handlers, _ *ui.Request, total int64) (bool, error) { return total > 1, nil },
	},
	{
		"mail", i18n.Key("Invite people"), i18n.Key("By a link or by email."), "/invites", permission.CreateInvites,
		func(h *handlers, v *ui.Request, _ int64) (bool, error) {
			invites, _, _, err := h.Moderation.Invites(v.Context(), v.Actor, v.Community.ID, "", 1)
			return len(invites) > 0, err
		},
	},
	{
		"key-round", i18n.Key("Create an API key"), i18n.Key("For programs that read and change members."), "/api-keys", permission.APIKeys,
		func(h *handlers, v *ui.Request, _ int64) (bool, error) {
			keys, err := h.Access.Keys(v.Context(), v.Actor, v.Community.ID)
			return len(keys) > 0, err
		},
	},
}
