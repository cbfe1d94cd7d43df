package console

import (
	"slices"

	"github.com/regulars/regulars/internal/i18n"
)

// KeyView is a key and the form that changes it.
type KeyView struct {
	Page
	Key     KeyRow
	Name    string
	Ends    string // keepEnd, or days from now
	On      bool
	Offered []keyPermission
	Chosen  map[string]bool
	Errors  map[string]string
	NewKey  string // the secret after a rotation, this one time

	OldUntil int64 // Unix milliseconds until which the secret before the last rotation works, 0: it does not

	Back     string        // the page that lists the keys
	Channels []keyChannels // a person's key: where it can be kept to
}

// keyChannels are the channels of a community that a key of a person can be
// kept to.
type keyChannels struct {
	Community string
	Channels  []keyChannel
}

type keyChannel struct {
	ID, Name string
	Chosen   bool
}

// bounded reports whether the key works in some channels only.
func (v KeyView) bounded() bool {
	return slices.ContainsFunc(v.Channels, func(home keyChannels) bool {
		return slices.ContainsFunc(home.Channels, func(c keyChannel) bool { return c.Chosen })
	})
}

// keepEnd leaves the end of a key as it is.
const keepEnd = "keep"

// lives are the ends that a key can get, the one it has first.
func (v KeyView) lives() []Choice {
	now := v.T("As it is: never")
	if v.Key.ExpiresAt > 0 {
		now = v.T("As it is: %s", v.Reader.Day(v.Key.ExpiresAt))
	}
	return append([]Choice{{keepEnd, now}}, v.choices(keyLives)...)
}

var keyLives = []Choice{{"0", i18n.Key("Never")}, {"30", i18n.Key("In 30 days")}, {"90", i18n.Key("In 90 days")}, {"365", i18n.Key("In a year")}}

// overlaps are how many hours the old secret of a rotated key can work.
var overlaps = []Choice{{"0", i18n.Key("Not at all")}, {"1", i18n.Key("For an hour")}, {"24", i18n.Key("For a day")}, {"168", i18n.Key("For a week")}}

// keyPermission is a permission whose operations exist, in plain words.
type keyPermission struct{ Value, Label, Help string }

// keyPermissions are what a key of a person or a community can be allowed.
var keyPermissions = []keyPermission{
	{"bulkUpdateUser", i18n.Key("Import and update members"), i18n.Key("Upload files, follow their jobs, undo them.")},
	{"getUserData", i18n.Key("Read members"), i18n.Key("Lists, profiles, values and their histories.")},
	{"createUser", i18n.Key("Make members"), i18n.Key("One at a time, with an account if they have none.")},
	{"manageUser", i18n.Key("Manage members"), i18n.Key("Delete and restore members, warn, suspend, remove and ban them.")},
	{"userFields", i18n.Key("Fields and tags"), i18n.Key("Read and make the fields of members, and tags.")},
	{"roles", i18n.Key("Roles"), i18n.Key("Read and make roles.")},
	{"channels", i18n.Key("Channels"), i18n.Key("Make channels and categories, and say who may do what in them.")},
	{"community", i18n.Key("The community"), i18n.Key("Settings, invites and the audit log.")},
	{"apiKeys", i18n.Key("API keys"), i18n.Key("Make keys that may no more than this one.")},
	{"*", i18n.Key("Everything"), i18n.Key("All of these and whatever is added later, but not signing members in.")},
}

// communityPermissions are what a key of a community can be allowed.
var communityPermissions = slices.Insert(slices.Clone(keyPermissions), len(keyPermissions)-1,
	keyPermission{"signIn", i18n.Key("Sign members in"), i18n.Key("For a system that knows who they are. Never for members with a say in the community.")})

func permissionName(value string) string {
	for _, p := range communityPermissions {
		if p.Value == value {
			return p.Label
		}
	}
	return value
}
