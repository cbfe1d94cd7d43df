package moderation

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (s *Moderation) Feature() feature.Feature {
	return feature.Feature{
		Name:         "moderation",
		EraseMembers: EraseMembers,
		AuditVerbs:   []audit.Verb{"invite.create", "invite.revoke", "penalty.create", "penalty.lift", "user.decline", "user.invite", "user.join", "user.leave"},
	}
}
