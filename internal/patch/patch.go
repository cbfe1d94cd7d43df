// Package patch applies partial changes.
package patch

// Set sets a value if another one is given.
func Set[T any](value, given *T) {
	if given != nil {
		*value = *given
	}
}
