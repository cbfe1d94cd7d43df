package field

import (
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
)

// reserved returns the reason why a custom field cannot have a name, as a sentence
// about %q; "" if it can.
func reserved(name string) string {
	key := HeaderKey(name)
	same := func(f Field) bool { return HeaderKey(f.Field) == key || HeaderKey(f.Name) == key }
	switch {
	case slices.ContainsFunc(defaultFields, same):
		return i18n.Key("%q is the name of a default field.")
	case key == "line", strings.HasPrefix(key, "error "), strings.HasSuffix(key, " op"):
		return i18n.Key("%q is reserved for columns of files: _line, names that begin with _error_, and names that end with _op.")
	case builtIn(name, key):
		return i18n.Key("%q is reserved for data of every member, such as join_date, xp or coins.")
	}
	return ""
}

// builtIn reports whether filters use a name beside the fields. A
// field may be named id, which is not _id.
func builtIn(name, key string) bool {
	for _, f := range MemberFields {
		if f.Field == ClaimedName {
			continue // a custom field of this name takes precedence
		}
		if name == f.Field || f.Field != UserID && key == HeaderKey(f.Field) {
			return true
		}
	}
	return false
}
