package readstate

import "github.com/regulars/regulars/internal/feature"

// Feature describes the package to the application.
func (r *ReadStates) Feature() feature.Feature {
	return feature.Feature{Name: "readstate", EraseMembers: EraseMembers}
}
