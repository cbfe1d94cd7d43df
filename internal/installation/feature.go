package installation

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
)

// Feature describes the package to the application.
func (i *Installation) Feature() feature.Feature {
	return feature.Feature{Name: "installation", AuditVerbs: []audit.Verb{"account.sign_out"}}
}
