// Package progress has the pages of XP rules and tiers, and of the progress of a member.
package progress

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// New returns the area.
func New() ui.Area {
	return ui.Area{
		Audit: auditTexts,
		Permissions: ui.PermissionTexts{
			CommunityKey: []ui.Permission{{Value: string(permission.Gamification), Label: i18n.Key("XP rules, tiers, milestones and the ledger"), Help: i18n.Key("Read and change what members earn, and post entries.")}},
			Server:       []ui.Permission{{Value: permission.ManageGamification, Label: i18n.Key("Manage rewards"), Help: i18n.Key("Change XP rules, tiers, badges and milestones, and post entries of the ledger.")}},
		},
	}
}
