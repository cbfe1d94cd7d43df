package access

import (
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
)

// Permissions of keys. actor.PermAll includes all others but actor.PermSignIn.
const (
	PermSendMessage     actor.Permission = "sendMessage"
	PermReplyMessage    actor.Permission = "replyMessage"
	PermCreateUser      actor.Permission = "createUser"
	PermManageUser      actor.Permission = "manageUser"
	PermGetUserData     actor.Permission = "getUserData"
	PermGetUserStats    actor.Permission = "getUserStats"
	PermBulkUpdateUser  actor.Permission = "bulkUpdateUser"
	PermUserFields      actor.Permission = "userFields"
	PermGetMessages     actor.Permission = "getMessages"
	PermStore           actor.Permission = "store"
	PermLeaderboard     actor.Permission = "leaderboard"
	PermPurchaseHistory actor.Permission = "purchase-history"
	PermManageCommunity actor.Permission = "community"
	PermManageChannels  actor.Permission = "channels"
	PermManageRoles     actor.Permission = "roles"
	PermBadges          actor.Permission = "badges"
	PermGamification    actor.Permission = "gamification"
	PermGames           actor.Permission = "games"
	PermRedemptions     actor.Permission = "redemptions"
	PermAnalysis        actor.Permission = "analysis"
	PermWebhooks        actor.Permission = "webhooks"
	PermWidgets         actor.Permission = "widgets"
	PermAnalytics       actor.Permission = "analytics"
	PermAPIKeys         actor.Permission = "apiKeys"
)

var permissions = []actor.Permission{
	PermSendMessage, PermReplyMessage, PermCreateUser, PermManageUser, PermGetUserData, PermGetUserStats, PermBulkUpdateUser, PermUserFields,
	PermGetMessages, PermStore, PermLeaderboard, PermPurchaseHistory, PermManageCommunity, PermManageChannels, PermManageRoles, PermBadges, PermGamification, PermGames,
	PermRedemptions, PermAnalysis, PermWebhooks, PermWidgets, PermAnalytics, PermAPIKeys, actor.PermSignIn, actor.PermAll,
}

// Permissions returns all permissions that an API key can have, PermAll last.
func Permissions() []actor.Permission { return slices.Clone(permissions) }

// checkPermissions returns the permissions without duplicates, and an error for
// each unknown one.
func checkPermissions(requested []actor.Permission) ([]actor.Permission, []errs.Field) {
	known, wrong := []actor.Permission{}, []errs.Field{}
	for _, p := range requested {
		switch {
		case !slices.Contains(permissions, p):
			wrong = append(wrong, errs.Wrong("permissions", "unknown_permission", "There is no permission %q.", p))
		case !slices.Contains(known, p):
			known = append(known, p)
		}
	}
	return known, wrong
}

// Role permissions in the whole community.
const (
	ServerAdministrator       = "server_administrator" // everything
	AllowDM                   = "allow_dm"
	CreateInvite              = "create_invite"
	KickMembers               = "kick_members"
	BanMembers                = "ban_members"
	WarnMembers               = "warn_members"
	SuspendMembers            = "suspend_members"
	ManageRolesPermission     = "manage_roles"
	ManageChannels            = "manage_channels"
	BroadcastMessages         = "broadcast_messages"
	OverwriteLanguageSettings = "overwrite_language_settings"
)

// Role permissions in channels.
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
		ServerAdministrator, AllowDM, CreateInvite, KickMembers, BanMembers, WarnMembers, SuspendMembers, ManageRolesPermission,
		ManageChannels, BroadcastMessages, OverwriteLanguageSettings,
	}
	channelPermissions = []string{
		PostMessages, ViewMessageHistory, AttachFiles, AllowMentions, ManageMessages, DeleteMessages, Pinable, ShareLinks,
		ShareAttachments, PostAnalysis,
	}
	everyoneDefaults = map[string]bool{
		PostMessages: true, ViewMessageHistory: true, AttachFiles: true, AllowMentions: true, ShareLinks: true, ShareAttachments: true,
	}
)

// Permissions for Can that distinguish more role permissions than keys do. A key
// has none of these; it needs that of keyPermission.
const (
	PermAnyMember        actor.Permission = "be_member" // any active member, and any key of the community
	PermCreateInvites    actor.Permission = "may_invite"
	PermWarn             actor.Permission = "may_warn"
	PermSuspend          actor.Permission = "may_suspend"
	PermKick             actor.Permission = "may_kick"
	PermBan              actor.Permission = "may_ban"
	PermViewPenalties    actor.Permission = "may_see_penalties" // any of the four above
	PermOverrideLanguage actor.Permission = "may_override_language"
	PermViewChannels     actor.Permission = "see_channels" // any active member; channels decide which ones are visible
)

// Permissions for CanAsPerson besides those of a key.
const (
	PermAnyPerson actor.Permission = "be_person" // any session, limited ones too, and any key of a person
)

// keyPermission returns the permission that a key needs for need.
func keyPermission(need actor.Permission) actor.Permission {
	switch need {
	case PermCreateInvites, PermOverrideLanguage:
		return PermManageCommunity
	case PermWarn, PermSuspend, PermKick, PermBan, PermViewPenalties:
		return PermManageUser
	case PermViewChannels:
		return PermManageChannels
	default:
		return need
	}
}

// rolePermission maps permissions of keys to the role permission that allows a
// person the same. ServerAdministrator allows everything.
var rolePermission = map[actor.Permission]string{
	PermManageRoles: ManageRolesPermission, PermManageChannels: ManageChannels, PermCreateInvites: CreateInvite, PermWarn: WarnMembers,
	PermSuspend: SuspendMembers, PermKick: KickMembers, PermBan: BanMembers, PermOverrideLanguage: OverwriteLanguageSettings,
}

// rolePermissions returns the role permissions that allow need; one of them
// suffices.
func rolePermissions(need actor.Permission) []string {
	if need == PermViewPenalties {
		return slices.Clone(penaltyPermissions)
	}
	if name, ok := rolePermission[need]; ok {
		return []string{name}
	}
	return []string{ServerAdministrator}
}

func rolesLackPermission(need actor.Permission) error {
	const code = "missing_permission"
	names := rolePermissions(need)
	if len(names) > 1 {
		return errs.New(errs.Forbidden, code, "Your roles in this community have none of these permissions: %s.", strings.Join(names, ", "))
	}
	return errs.New(errs.Forbidden, code, "Your roles in this community lack the permission %q.", names[0])
}

func keyLacksPermission(need actor.Permission) error {
	return errs.New(errs.Forbidden, "missing_permission", "This API key lacks the permission %q.", keyPermission(need))
}

func creatorLacksPermission(need actor.Permission) error {
	const code = "missing_permission"
	names := rolePermissions(need)
	if len(names) > 1 {
		return errs.New(errs.Forbidden, code, "The roles of the creator of this API key, or of the person that rotated it, have none of these permissions: %s. An owner can take the key over.", strings.Join(names, ", "))
	}
	return errs.New(errs.Forbidden, code, "The roles of the creator of this API key, or of the person that rotated it, lack the permission %q. An owner can take the key over.", names[0])
}

// memberPermissions are those of every active member. Channels restrict them
// further.
var memberPermissions = []actor.Permission{PermAnyMember, PermViewChannels, PermSendMessage, PermGetMessages}

// penaltyPermissions are the role permissions that allow reading the misconduct
// log.
var penaltyPermissions = []string{WarnMembers, SuspendMembers, KickMembers, BanMembers}

// ServerPermissions returns the names of role permissions in the whole
// community.
func ServerPermissions() []string { return slices.Clone(serverPermissions) }

// ChannelPermissions returns the names of role permissions in channels.
func ChannelPermissions() []string { return slices.Clone(channelPermissions) }

// completePermissions returns asked with a value for every known name, and an
// error for each unknown one.
func completePermissions(field string, known []string, requested map[string]bool) (map[string]bool, []errs.Field) {
	all, wrong := make(map[string]bool, len(known)), []errs.Field{}
	for _, name := range known {
		all[name] = requested[name]
	}
	for _, name := range slices.Sorted(maps.Keys(requested)) {
		if _, ok := all[name]; !ok {
			wrong = append(wrong, errs.Wrong(field, "unknown_permission", "There is no permission %q.", name))
		}
	}
	return all, wrong
}
