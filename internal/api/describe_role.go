package api

// roleDescriptions are the descriptions of operations on roles and channels.
var roleDescriptions = map[string]string{
	"updateRole":                "Changes what is sent, also of the permissions. A person changes only roles below their own highest, and gives only permissions they have themselves; whoever owns the community stands above all. Of `@all` neither title nor order can be changed.",
	"deleteRole":                "Nobody has it from then on. `@all` cannot be deleted.",
	"listUserRoles":             "`id` names the user. The highest first, `@all` last.",
	"addRole":                   "Whoever has the role already keeps it. A person hands out only roles below their own highest, to members below them.",
	"listChannels":              "Those that the credential sees: a key of the community sees all, a person those that their roles and the channels' overrides show them. Those in no category come first.",
	"listServerChannels":        "Those that the credential sees, as in `GET /v1/channels`.",
	"createChannel":             "The last of its category. An iframe channel needs a `url` of an origin that the community's setting `allowedFrameOrigins` lists.",
	"updateChannel":             "Changes what is sent. `private` changes what the override of `@all` says about `view_message_history`; of a direct channel it stays true: 409 `direct_private`.",
	"deleteChannel":             "With everything in it.",
	"setChannelOverrides":       "A private channel stays hidden from `@all` also when the list does not say so; allowing `@all` to see it answers 409 `channel_private`, or `direct_private` of a direct channel. Whoever does not own the community changes only what concerns roles and members below them, and only permissions they have in the channel themselves.",
	"explainChannelPermissions": "The owner and roles with `server_administrator` may do everything. Else the member's own override decides, else those of the roles (one that allows before one that denies), else that of `@all`, else whether any role allows it. `rule` names what decided.",
	"deleteChannelCategory":     "Its channels stay, in no category.",
	"removeRole":                "Whoever does not have the role stays without it.",
}
