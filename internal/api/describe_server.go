package api

// serverDescriptions are the descriptions of operations on communities.
var serverDescriptions = map[string]string{
	"createServer":     "Whoever makes a community owns it. 403 `creation_closed` where only the owner of the installation makes communities. Anybody else owns at most 100: 409 `too_many_communities`.",
	"listServers":      "Those you are a member of, the oldest first; with `deleted` those you owned and can still restore.",
	"updateServer":     "What is not named stays as it is.",
	"setServerLogo":    "The picture is written anew without anything but its pixels, at most 1024 pixels wide and high, and is the `logo` of the community from then on. The one before goes.",
	"removeServerLogo": "A community without a logo is shown by its initials.",
	"deleteServer":     "Only an owner, who repeats its name in `confirm`. The community is not found from then on and its keys are not valid, until an owner restores it or the retention time is over; then it is erased.",
	"restoreServer":    "Everything is as it was. 410 `community_erased` after the retention time.",
	"joinServer":       "Where the joining requirements ask for user fields, send them in `fields`. If the community added your confirmed address before, this accepts that membership and asks for no field. 409 `already_member`; `member_deleted` until staff restore the membership; `identifier_taken` for a field in which each member has a value of their own; `email_taken` if another member has your email address. 403 `member_banned`, or `invite_required` for a former member. 410 `invite_expired`, `invite_revoked` or `invite_used_up`. A community that you can join by invite only is not found without one.",
	"leaveServer":      "Ends your roles there too. 409 `last_owner` for the only owner.",
	"transferServer":   "Offers the ownership to a member, who accepts or declines in the console or by the link in a mail within seven days. Only an owner (403 `owner_required`), with a session and no key (403 `session_required`), within ten minutes after the sign-in (403 `proof_required`). `confirm` repeats the name: 400 `confirm_required`. 409 `transfer_pending` while another offer is open, `member_suspended`, or `member_pending` for a member who has not signed in with a confirmed account. When the member accepts, you become an ordinary member with the highest role that has `server_administrator`, if there is one.",
	"listInvites":      "The newest first, with those who joined by each.",
	"createInvite":     "With `roleId` whoever joins gets that role: 403 `missing_permission` or `rank_too_low` for one that you could not give to a member. With `emails` one single-use invite is mailed to each address, with a link to accept or decline, and `data` is the array of the invites; all are created or none. Whether an address has an account, is a member or declined before makes no difference. A community has at most 500 open invites: 409 `too_many_invites`.",
	"revokeInvite":     "Your own, or any with the permission to manage the community. Who has joined stays.",
	"listPenalties":    "The misconduct log: the newest first, lifted ones too.",
	"createPenalty":    "The member must stand below you, and each kind has its own permission. A suspension ends by itself at `until`.",
	"liftPenalty":      "Takes back what it does: a suspension ends, who was banned may join again. It stays in the log.",
	"listAuditLog":     "What people and keys did in the community, the newest first.",
}
