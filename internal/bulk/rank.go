package bulk

import (
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/errs"
)

// above says why who began the job may not make ids the roles of somebody, ""
// when they may.
func (ru *rules) above(who *person, ids []string) string {
	if ru.power.MayAssignAll() {
		return ""
	}
	held := ru.held(who)
	changes := func(from, to []string, giving bool) string {
		for _, roleID := range from {
			role, ok := ru.rolesByID[roleID]
			if !ok || slices.Contains(to, roleID) {
				continue
			}
			err := ru.power.KeyMayAssign(role)
			if err == nil && !ru.power.OutranksAllRoles() {
				err = ru.power.MayAssign(role, giving, who.ID, who.Owner, held)
			}
			if err != nil {
				return errs.From(err).Message
			}
		}
		return ""
	}
	if message := changes(ids, who.RoleIDs, true); message != "" {
		return message
	}
	return changes(who.RoleIDs, ids, false)
}

// aboveMaker says why who began the job may not change what is kept of a
// member, "" when they may. Without a credential protected is asked instead.
func (ru *rules) aboveMaker(who *person) string {
	if ru.open || ru.power.OutranksAllRoles() {
		return ""
	}
	if err := ru.power.MayChangeMember(who.ID, who.Owner, ru.held(who)); err != nil {
		return errs.From(err).Message
	}
	return ""
}

// held are the roles somebody has.
func (ru *rules) held(who *person) []access.Role {
	held := []access.Role{}
	for _, roleID := range who.RoleIDs {
		if role, ok := ru.rolesByID[roleID]; ok {
			held = append(held, role)
		}
	}
	return held
}
