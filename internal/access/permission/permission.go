// Package permission names the permissions of API keys and roles and maps them to
// each other.
package permission

import (
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
)

// Permissions of keys. actor.PermAll includes all others but actor.PermSignIn.
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
	ManageCommunity actor.Permission = "community"
	ManageChannels  actor.Permission = "channels"
	ManageRoles     actor.Permission = "roles"
	Badges          actor.Permission = "badges"
	Gamification    actor.Permission = "gamification"
	Games           actor.Permission = "games"
	Redemptions     actor.Permission = "redemptions"
	Analysis        actor.Permission = "analysis"
	Webhooks                         = event.PermRead
	Widgets         actor.Permission = "widgets"
	Analytics       actor.Permission = "analytics"
	APIKeys         actor.Permission = "apiKeys"
)

var permissions = []actor.Permission{
	SendMessage, ReplyMessage, CreateUser, ManageUser, GetUserData, GetUserStats, BulkUpdateUser, UserFields,
	GetMessages, Store, Leaderboard, PurchaseHistory, ManageCommunity, ManageChannels, ManageRoles, Badges, Gamification, Games,
	Redemptions, Analysis, Webhooks, Widgets, Analytics, APIKeys, actor.PermSignIn, actor.PermAll,
}

// All returns all permissions that an API key can have, PermAll last.
func All() []actor.Permission { return slices.Clone(permissions) }

// Check returns the permissions without duplicates, and an error for
// each unknown one.
func Check(requested []actor.Permission) ([]actor.Permission, []errs.Field) {
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
	ManageChannelsPermission  = "manage_channels"
	BroadcastMessages         = "broadcast_messages"
	OverwriteLanguageSettings = "overwrite_language_settings"
	ManageIntegrations        = "manage_integrations"
	ModerateContent           = "moderate_content"
	ManageGamification        = "manage_gamification"
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

// Names of role permissions in the order of pages, not to be changed: in the whole
// community, in channels, and those that @all has in a new community.
var (
	ServerPermissions = []string{
		ServerAdministrator, ManageRolesPermission, ManageChannelsPermission, CreateInvite, WarnMembers, SuspendMembers, KickMembers, BanMembers, ModerateContent,
		BroadcastMessages, AllowDM, OverwriteLanguageSettings, ManageIntegrations, ManageGamification,
	}
	ChannelPermissions = []string{
		ViewMessageHistory, PostMessages, AttachFiles, ShareLinks, ShareAttachments, AllowMentions, PostAnalysis, Pinable,
		ManageMessages, DeleteMessages,
	}
	EveryoneDefaults = map[string]bool{
		PostMessages: true, ViewMessageHistory: true, AttachFiles: true, AllowMentions: true, ShareLinks: true, ShareAttachments: true,
	}
)

// Permissions for Can that distinguish more role permissions than keys do. A key
// has none of these; it needs that of OfKey.
const (
	AnyMember        actor.Permission = "be_member" // any active member, and any key of the community
	CreateInvites    actor.Permission = "may_invite"
	Warn             actor.Permission = "may_warn"
	Suspend          actor.Permission = "may_suspend"
	Kick             actor.Permission = "may_kick"
	Ban              actor.Permission = "may_ban"
	ViewPenalties    actor.Permission = "may_see_penalties" // any of the four above
	Moderate         actor.Permission = "may_moderate"      // what members write
	ViewGamification actor.Permission = "see_gamification"  // any active member
	ViewBadges       actor.Permission = "see_badges"        // any active member
	StartDirect      actor.Permission = "may_start_direct"  // conversations
	OverrideLanguage actor.Permission = "may_override_language"
	ViewChannels     actor.Permission = "see_channels" // any active member; channels decide which ones are visible
)

// Permissions for CanAsPerson besides those of a key.
const (
	AnyPerson actor.Permission = "be_person" // any session, limited ones too, and any key of a person
)

// OfKey returns the permission that a key needs for need.
func OfKey(need actor.Permission) actor.Permission {
	switch need {
	case CreateInvites, OverrideLanguage:
		return ManageCommunity
	case Warn, Suspend, Kick, Ban, ViewPenalties, Moderate:
		return ManageUser
	case ViewChannels:
		return ManageChannels
	case StartDirect:
		return SendMessage
	case ViewGamification:
		return Gamification
	case ViewBadges:
		return Badges
	default:
		return need
	}
}

// RolePermission maps permissions of keys to the role permission that allows a
// person the same. ServerAdministrator allows everything.
var RolePermission = map[actor.Permission]string{
	ManageRoles: ManageRolesPermission, ManageChannels: ManageChannelsPermission, CreateInvites: CreateInvite, Warn: WarnMembers,
	Suspend: SuspendMembers, Kick: KickMembers, Ban: BanMembers, OverrideLanguage: OverwriteLanguageSettings, Webhooks: ManageIntegrations,
	Moderate: ModerateContent, StartDirect: AllowDM,
	Gamification: ManageGamification, Badges: ManageGamification, GetUserStats: ManageGamification,
}

// OfRoles returns the role permissions that allow need; one of them
// suffices.
func OfRoles(need actor.Permission) []string {
	if need == ViewPenalties {
		return slices.Clone(PenaltyPermissions)
	}
	if name, ok := RolePermission[need]; ok {
		return []string{name}
	}
	return []string{ServerAdministrator}
}

// RolesLack returns the error of a person whose roles lack a permission: Forbidden
// "missing_permission".
func RolesLack(need actor.Permission) error {
	const code = "missing_permission"
	names := OfRoles(need)
	if len(names) > 1 {
		return errs.New(errs.Forbidden, code, "Your roles in this community have none of these permissions: %s.", strings.Join(names, ", "))
	}
	return errs.New(errs.Forbidden, code, "Your roles in this community lack the permission %q.", names[0])
}

// LackInChannel returns the error of a person, or of a key of a person, that lacks
// a permission in a channel: Forbidden "missing_permission".
func LackInChannel(name string) error {
	return errs.New(errs.Forbidden, "missing_permission", "The permission %q is missing in this channel.", name)
}

// KeyLacks returns the error of an API key that lacks a permission.
func KeyLacks(need actor.Permission) error {
	return errs.New(errs.Forbidden, "missing_permission", "This API key lacks the permission %q.", OfKey(need))
}

// CreatorLacks returns the error of an API key whose creator lacks a permission.
func CreatorLacks(need actor.Permission) error {
	const code = "missing_permission"
	names := OfRoles(need)
	if len(names) > 1 {
		return errs.New(errs.Forbidden, code, "The roles of the creator of this API key, or of the person that rotated it, have none of these permissions: %s. An owner can take the key over.", strings.Join(names, ", "))
	}
	return errs.New(errs.Forbidden, code, "The roles of the creator of this API key, or of the person that rotated it, lack the permission %q. An owner can take the key over.", names[0])
}

// OfMember are those of every active member. Channels restrict them
// further.
var OfMember = []actor.Permission{AnyMember, ViewChannels, ViewGamification, ViewBadges, SendMessage, ReplyMessage, GetMessages}

// PenaltyPermissions are the role permissions that allow reading the misconduct
// log.
var PenaltyPermissions = []string{WarnMembers, SuspendMembers, KickMembers, BanMembers}

// Complete returns asked with a value for every known name, and an
// error for each unknown one.
func Complete(field string, known []string, requested map[string]bool) (map[string]bool, []errs.Field) {
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
