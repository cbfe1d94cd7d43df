package api

// userDescriptions are the descriptions of operations on users.
var userDescriptions = map[string]string{
	"createUser":       "Creates an unclaimed member (`claimed` is false). No account is created or changed, and an account outside the community makes no difference. 409 has the code of the first conflict, and `errors` has one entry for each: `email_taken` or `username_taken` by a member of this community, `external_id_taken`, `identifier_taken`, `member_deleted`, `member_left` or `member_banned` for a former member, `member_declined` for a person who declined to be a member and can only be invited. 403 `rank_too_low` or `missing_permission` for an `accessLevel` that you could not give to a member. 503 `mail_unavailable` if a mail is to be sent and the server sends none.",
	"getUser":          "Only what the query chooses; everything without a choice, but what is `false`.",
	"filterUsers":      "The users who fit, in the order they were made, 200 at a time: by `cursor`, or by `page` with totals.",
	"manageUser":       "`delete` hides the member and ends the sessions that were begun for this community; `restore` brings everything back. 403 `rank_too_low`; 409 `already_deleted`, `not_deleted`, `last_owner`, or `member_declined` if the person declined an invite after the deletion; 410 `retention_over`. After the retention time what is known of the member is erased; the account is the person's own.",
	"setAvatar":        "The picture is written anew without anything but its pixels, at most 512 pixels wide and high. So many a minute of one account or key: 429, with `RateLimit` headers on every answer; 503 `pictures_busy` when too many wait to be decoded.",
	"getCommunityUser": "One user, as `POST /v1/users/info` answers.",
}
