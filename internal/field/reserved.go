package field

import (
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
)

// laterNames are database names that a member's xp and currencies go by in
// filters.
var laterNames = []string{"xp", "coins", "premium_currency"}

// reserved returns why a custom field cannot have a name, as a sentence about
// %q; "" when it can.
func reserved(name string) string {
	key := HeaderKey(name)
	same := func(f Field) bool { return HeaderKey(f.Field) == key || HeaderKey(f.Name) == key }
	switch {
	case slices.ContainsFunc(defaultFields, same):
		return i18n.Key("%q is the name of a default field.")
	case key == "line", strings.HasPrefix(key, "error "), strings.HasSuffix(key, " op"):
		return i18n.Key("%q is kept for columns of files: _line, names that begin with _error_, and names that end with _op.")
	case builtIn(name, key):
		return i18n.Key("%q is kept for what is known of every member, such as join_date, xp or coins.")
	}
	return ""
}

// builtIn reports whether requests can ask for something of that name beside
// the fields, or will. A field may be called id: that is not _id there.
func builtIn(name, key string) bool {
	for _, f := range MemberFields {
		if f.Field == ClaimedName {
			continue // a custom field of this name comes first
		}
		if name == f.Field || f.Field != UserID && key == HeaderKey(f.Field) {
			return true
		}
	}
	return slices.ContainsFunc(laterNames, func(later string) bool { return key == HeaderKey(later) })
}
