package console

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/i18n"
)

// grant is a permission of roles in plain words.
type grant struct{ Value, Label, Help string }

var serverGrants = []grant{
	{access.ServerAdministrator, i18n.Key("Administrator"), i18n.Key("May do everything here, in every channel.")},
	{access.ManageRolesPermission, i18n.Key("Manage roles"), i18n.Key("Make, change and hand out roles below their own.")},
	{access.ManageChannels, i18n.Key("Manage channels"), i18n.Key("Make, change and delete channels and categories.")},
	{access.CreateInvite, i18n.Key("Invite people"), i18n.Key("Make links that let people in.")},
	{access.WarnMembers, i18n.Key("Warn members"), i18n.Key("Put a warning into the misconduct log.")},
	{access.SuspendMembers, i18n.Key("Suspend members"), i18n.Key("Keep somebody from doing anything for a while.")},
	{access.KickMembers, i18n.Key("Remove members"), i18n.Key("Whoever is removed may join again.")},
	{access.BanMembers, i18n.Key("Ban members"), i18n.Key("Whoever is banned stays out.")},
	{access.BroadcastMessages, i18n.Key("Broadcast messages"), i18n.Key("Write to everybody at once.")},
	{access.AllowDM, i18n.Key("Write to members directly"), i18n.Key("Begin a conversation with a single member.")},
	{access.OverwriteLanguageSettings, i18n.Key("Change languages"), i18n.Key("Set the languages that the community speaks.")},
}

var channelGrants = []grant{
	{access.ViewMessageHistory, i18n.Key("See the channel"), i18n.Key("Without it the channel is hidden.")},
	{access.PostMessages, i18n.Key("Post messages"), ""},
	{access.AttachFiles, i18n.Key("Attach files"), ""},
	{access.ShareLinks, i18n.Key("Share links"), ""},
	{access.ShareAttachments, i18n.Key("Share attachments"), ""},
	{access.AllowMentions, i18n.Key("Mention members"), ""},
	{access.PostAnalysis, i18n.Key("Post chart analysis"), ""},
	{access.Pinable, i18n.Key("Pin messages"), ""},
	{access.ManageMessages, i18n.Key("Change messages of others"), ""},
	{access.DeleteMessages, i18n.Key("Delete messages of others"), ""},
}

// RolesView is the list of roles.
type RolesView struct {
	Page
	Roles []RoleRow
}

// RoleRow is one role.
type RoleRow struct {
	ID, Title, Class string
	Order            int
	Everyone         bool
	Billable         bool
	Below            bool     // the person who looks may change it
	May              []string // what it allows in the community, in English
}

// RoleView is a role that is made or changed.
type RoleView struct {
	Page
	ID       string // "": a new one
	Name     string // as it is kept; "" of a new one
	Title    string
	Class    string
	Order    string
	Billable bool
	Everyone bool
	Below    bool // it may be changed
	Server   map[string]bool
	Channel  map[string]bool
	Errors   map[string]string
	Members  []RoleMember
	Total    int64
	Capped   bool
	User     string // who was to get the role
}

// RoleMember is somebody who has a role.
type RoleMember struct{ ID, Name, Username string }

// MatrixView is what every role allows, in one table.
type MatrixView struct {
	Page
	Roles   []RoleRow
	Granted map[string]bool // by role id, a colon and the permission
}

// RolePreview is what somebody with one role sees.
type RolePreview struct {
	Page
	ID, Name string
	Server   []string // labels in English
	Seen     []PreviewChannel
	Hidden   []string
}

// PreviewChannel is a channel that a role sees, with what it may do there.
type PreviewChannel struct {
	Topic, Icon string
	May         []string // labels in English
}

func grantLabels(all []grant, has func(permission string) bool) (labels []string) {
	for _, g := range all {
		if has(g.Value) {
			labels = append(labels, g.Label)
		}
	}
	return labels
}
