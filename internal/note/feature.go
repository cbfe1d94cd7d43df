package note

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (n *Notes) Feature() feature.Feature {
	return feature.Feature{Name: "note", EraseMembers: EraseMembers, AuditVerbs: []audit.Verb{"note.create", "note.update", "note.delete"}}
}
