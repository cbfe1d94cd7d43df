package api

// userDescriptions are the descriptions of operations on users.
var userDescriptions = map[string]string{
	"createUser":       "Makes a member of the community, and an account where the person has none. Somebody who has an account elsewhere becomes a member with it, and it is not changed. What somebody has already is a 409 whose `errors` name the field.",
	"getUser":          "Only what the query chooses; everything without a choice, but what is `false`.",
	"filterUsers":      "The users who fit, in the order they were made, 200 at a time: by `cursor`, or by `page` with totals.",
	"manageUser":       "`delete` hides the member and ends the sessions that were begun for this community; `restore` brings everything back. After the retention time what is known of the member is erased; the account is the person's own.",
	"setAvatar":        "The picture is written anew without anything but its pixels, at most 512 pixels wide and high. So many a minute of one account or key: 429, with `RateLimit` headers on every answer; 503 `pictures_busy` when too many wait to be decoded.",
	"getCommunityUser": "One user, as `POST /v1/users/info` answers.",
}
