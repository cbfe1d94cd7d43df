package access

import (
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
)

// The permissions. All stands for every other one but SignIn.
const (
	SendMessage     actor.Permission = "sendMessage"
	ReplyMessage    actor.Permission = "replyMessage"
	CreateUser      actor.Permission = "createUser"
	ManageUser      actor.Permission = "manageUser"
	GetUserData     actor.Permission = "getUserData"
	GetUserStats    actor.Permission = "getUserStats"
	BulkUpdateUser  actor.Permission = "bulkUpdateUser"
	UserFields      actor.Permission = "userFields"
	GetMessages     actor.Permission = "getMessages"
	Store           actor.Permission = "store"
	Leaderboard     actor.Permission = "leaderboard"
	PurchaseHistory actor.Permission = "purchase-history"
	Community       actor.Permission = "community"
	Channels        actor.Permission = "channels"
	ManageRoles     actor.Permission = "roles"
	Badges          actor.Permission = "badges"
	Gamification    actor.Permission = "gamification"
	Games           actor.Permission = "games"
	Redemptions     actor.Permission = "redemptions"
	Analysis        actor.Permission = "analysis"
	Webhooks        actor.Permission = "webhooks"
	Widgets         actor.Permission = "widgets"
	Analytics       actor.Permission = "analytics"
	APIKeys         actor.Permission = "apiKeys"
)

var permissions = []actor.Permission{
	SendMessage, ReplyMessage, CreateUser, ManageUser, GetUserData, GetUserStats, BulkUpdateUser, UserFields,
	GetMessages, Store, Leaderboard, PurchaseHistory, Community, Channels, ManageRoles, Badges, Gamification, Games,
	Redemptions, Analysis, Webhooks, Widgets, Analytics, APIKeys, actor.PermSignIn, actor.PermAll,
}

// Permissions returns all permissions an API key can have, All last.
func Permissions() []actor.Permission { return slices.Clone(permissions) }

// checkPermissions returns the permissions without repetitions, and a problem
// for each unknown one.
func checkPermissions(asked []actor.Permission) ([]actor.Permission, []errs.Field) {
	known, wrong := []actor.Permission{}, []errs.Field{}
	for _, p := range asked {
		switch {
		case !slices.Contains(permissions, p):
			wrong = append(wrong, errs.Wrong("permissions", "unknown_permission", "There is no permission %q.", p))
		case !slices.Contains(known, p):
			known = append(known, p)
		}
	}
	return known, wrong
}

// What a role may allow in the whole community.
const (
	ServerAdministrator       = "server_administrator" // everything
	AllowDM                   = "allow_dm"
	CreateInvite              = "create_invite"
	KickMembers               = "kick_members"
	BanMembers                = "ban_members"
	WarnMembers               = "warn_members"
	SuspendMembers            = "suspend_members"
	RolesPermission           = "manage_roles"
	ManageChannels            = "manage_channels"
	BroadcastMessages         = "broadcast_messages"
	OverwriteLanguageSettings = "overwrite_language_settings"
)

// What a role may allow in the channels.
const (
	PostMessages       = "post_messages"
	ViewMessageHistory = "view_message_history"
	AttachFiles        = "attach_files"
	AllowMentions      = "allow_mentions"
	ManageMessages     = "manage_messages"
	DeleteMessages     = "delete_messages"
	Pinable            = "pinable"
	ShareLinks         = "share_links"
	ShareAttachments   = "share_attachments"
	PostAnalysis       = "post_analysis"
)

var (
	serverPermissions = []string{
		ServerAdministrator, AllowDM, CreateInvite, KickMembers, BanMembers, WarnMembers, SuspendMembers, RolesPermission,
		ManageChannels, BroadcastMessages, OverwriteLanguageSettings,
	}
	channelPermissions = []string{
		PostMessages, ViewMessageHistory, AttachFiles, AllowMentions, ManageMessages, DeleteMessages, Pinable, ShareLinks,
		ShareAttachments, PostAnalysis,
	}
	everyoneMay = map[string]bool{
		PostMessages: true, ViewMessageHistory: true, AttachFiles: true, AllowMentions: true, ShareLinks: true, ShareAttachments: true,
	}
)

// What Can is asked for where a role of a person tells more apart than a key
// does. A key has none of these; it needs what onKey says.
const (
	BeMember         actor.Permission = "be_member" // any active member, and any key of the community
	MayInvite        actor.Permission = "may_invite"
	MayWarn          actor.Permission = "may_warn"
	MaySuspend       actor.Permission = "may_suspend"
	MayKick          actor.Permission = "may_kick"
	MayBan           actor.Permission = "may_ban"
	MaySeePenalties  actor.Permission = "may_see_penalties" // one of the four before
	OverrideLanguage actor.Permission = "may_override_language"
	SeeChannels      actor.Permission = "see_channels" // any active member; which ones they see is the channels' to say
)

// What MayAsPerson is asked for besides the permissions of a key.
const (
	BePerson actor.Permission = "be_person" // any session, also one that works in one community only, and any key of a person
)

// onKey is the permission a key needs for need.
func onKey(need actor.Permission) actor.Permission {
	switch need {
	case MayInvite, OverrideLanguage:
		return Community
	case MayWarn, MaySuspend, MayKick, MayBan, MaySeePenalties:
		return ManageUser
	case SeeChannels:
		return Channels
	default:
		return need
	}
}

// byRole says which permission of a role lets a person do what a key needs a
// permission for; ServerAdministrator lets them do everything.
var byRole = map[actor.Permission]string{
	ManageRoles: RolesPermission, Channels: ManageChannels, MayInvite: CreateInvite, MayWarn: WarnMembers,
	MaySuspend: SuspendMembers, MayKick: KickMembers, MayBan: BanMembers, OverrideLanguage: OverwriteLanguageSettings,
}

// asRole names what a role needs for need, as roles are given it: one
// permission, or any of several.
func asRole(need actor.Permission) []string {
	if need == MaySeePenalties {
		return slices.Clone(penalising)
	}
	if name, ok := byRole[need]; ok {
		return []string{name}
	}
	return []string{ServerAdministrator}
}

// rolesLack is the error of a person whose roles do not let them do need.
func rolesLack(need actor.Permission) error {
	const code = "missing_permission"
	names := asRole(need)
	if len(names) > 1 {
		return errs.New(errs.Forbidden, code, "Your roles in this community have none of these permissions: %s.", strings.Join(names, ", "))
	}
	return errs.New(errs.Forbidden, code, "Your roles in this community lack the permission %q.", names[0])
}

// keyLacks is the error of a key that does not have what need takes.
func keyLacks(need actor.Permission) error {
	return errs.New(errs.Forbidden, "missing_permission", "This API key lacks the permission %q.", onKey(need))
}

// makerLacks is the error of a key whose maker may not do need any more.
func makerLacks(need actor.Permission) error {
	const code = "missing_permission"
	names := asRole(need)
	if len(names) > 1 {
		return errs.New(errs.Forbidden, code, "The roles of the creator of this API key, or of the person that rotated it, have none of these permissions: %s. An owner can take the key over.", strings.Join(names, ", "))
	}
	return errs.New(errs.Forbidden, code, "The roles of the creator of this API key, or of the person that rotated it, lack the permission %q. An owner can take the key over.", names[0])
}

// ofMembers is what every active member may. What they see and write in which
// channel is the channels' to say.
var ofMembers = []actor.Permission{BeMember, SeeChannels, SendMessage, GetMessages}

// penalising are the permissions of a role that let a person see the
// misconduct log.
var penalising = []string{WarnMembers, SuspendMembers, KickMembers, BanMembers}

// ServerPermissions returns the names of what a role may allow in the whole
// community.
func ServerPermissions() []string { return slices.Clone(serverPermissions) }

// ChannelPermissions returns the names of what a role may allow in channels.
func ChannelPermissions() []string { return slices.Clone(channelPermissions) }

// complete returns asked with a value for every known name, and a problem for
// each unknown one.
func complete(field string, known []string, asked map[string]bool) (map[string]bool, []errs.Field) {
	all, wrong := make(map[string]bool, len(known)), []errs.Field{}
	for _, name := range known {
		all[name] = asked[name]
	}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		if _, ok := all[name]; !ok {
			wrong = append(wrong, errs.Wrong(field, "unknown_permission", "There is no permission %q.", name))
		}
	}
	return all, wrong
}
