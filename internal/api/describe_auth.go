package api

// authDescriptions are the descriptions of operations on accounts, sessions
// and keys.
var authDescriptions = map[string]string{
	"register":        "Writes to the address: a link that makes the account, or, where there is one already, that there is. Of several registrations of an address only the newest one's link works. The answer and its time are the same. 403 `registration_closed` where nobody may register.",
	"verifyEmail":     "Makes the account that was registered. The token works once, within 24 hours; after 409 `username_taken` it works again with another `username`. Where the address was registered with different passwords, nobody knows whose they are: the account has none then, and a link to choose one is in the mail. The token of a new email address (`updateMe`) gives the account that address; 409 `email_taken` if another account has it by then.",
	"login":           "Starts a session of seven days. The answer and its time are the same for an unknown user and a wrong password. 401 `totp_required` asks for `code`: send all again with it. Ten attempts a minute for an address and for each name; after five failures the name waits, longer each time. The answer sets the cookie `regulars_device` (`__Host-regulars_device` over HTTPS) for 90 days: sign-ins that send it are counted for that device alone, so neither a flood from the same address nor failures elsewhere hold them up.",
	"secureAuth":      "For a system that has signed a member in itself: a link that signs them in here. It needs a community's key with the permission `signIn`, which `*` does not stand for. The session works in that community only, and members with a server permission cannot have one.",
	"secureAuthOlder": "The same as `secureAuth`, by its older address.",
	"logout":          "Ends the session of the request, or all of the account; the person's API keys end with all.",
	"me":              "Whose session or key this is.",
	"updateMe": "What is not named stays as it is. Needs a sign-in of the last ten minutes (403 `proof_required`) or `currentPassword`; a wrong one is 401 `wrong_password` and counts as a failed sign-in. " +
		"Every community shows the new username; one of another account is 409 `username_taken`. A new email address counts when the link that is mailed to it was opened, within 24 hours (`verifyEmail` takes its token too); until then it is `pendingEmail`. " +
		"The current address gets a notice at the request and at the change. The answer is the same whether or not another account has the address. A newer request ends the link of an older one, and a new password ends it too. " +
		"At most five new addresses an hour: 429 `too_many_mails`. The current address has to be proven: otherwise 403 `email_not_verified`.",
	"forgotPassword":  "Writes a link to choose a new password, if there is an account with the address, up to five times an hour. The answer and its time are the same.",
	"resetPassword":   "The token works once, within an hour. All sessions of the account and the person's API keys end. The first time it proves the address, every other way to sign in to the account goes too.",
	"changePassword":  "All other sessions of the account and the person's API keys end. 401 `wrong_password` counts as a failed sign-in.",
	"listSessions":    "The last one used first.",
	"listApiKeys":     "The newest first, expired ones too.",
	"createApiKey":    "The key is shown this once. Nobody makes a key that may more, or works longer, than they do, and it never does more than whoever made it may do now: while they are suspended it is refused with 403 `key_maker_suspended`, when they are no member any more with 403 `key_maker_gone`, and what they lost with a role with 403 `missing_permission`. Keys that the command line or the installation's owner made have no such bound. With an `Idempotency-Key` a second request is 409 `already_done` and names the `_id`: the key is not kept. A community has at most 200 keys: 409 `too_many_api_keys`.",
	"updateApiKey":    "What is not named stays as it is. A change that lets the key do more (`permissions`), longer (expiry) or again (`isActive`) is for its creator, the owners of the community and of the installation, and persons ranked above the creator, with every permission of the changed key in their own rights: otherwise 403 `rank_too_low` or `missing_permission`. Keys of the command line and of the owner rank as the owner; a creator that left has no rank. The creator stays and bounds the key, whoever widens it. A key that changes keys acts with the rank of its own creator and within its own permissions. `takeOver` makes you the creator, and the only person that the key is bound by: it needs every permission of the key and no rank. Removing `signIn` and `isActive: false` end the sign-in links of the key and the sessions that began with them.",
	"rotateApiKey":    "A new secret for the same key, for those who may widen it (`updateApiKey`). It is shown this once. The creator stays; the new secret of a key that another person rotated, an owner too, also stays within the rights of that person at the time of each request (`boundBy`), and is refused when they leave. If the creator left, you become the creator. The previous secret works for `overlapHours`, 24 unless given, bound as before; a further rotation ends the oldest. Changes and deletion concern both. With an `Idempotency-Key` a second request is 409 `already_done` and names the `_id`: the secret is not kept.",
	"deleteApiKey":    "Both its secrets stop working at once. Its unused sign-in links and the sessions that began with them end.",
	"listUserApiKeys": "The newest first, expired ones too.",
	"createUserApiKey": "The key acts for you in every community you are in: it may do what it allows and you may do. It is shown this once, and ends with a new password and when you sign out everywhere. " +
		"Somebody who is signed in gives `password` or `code`, unless they signed in within the last ten minutes: 403 `proof_required`. An account whose address is not proven gets no key: 403 `email_not_verified`. " +
		"With an `Idempotency-Key` a second request is 409 `already_done` and names the `_id`: the key is not kept. You have at most 50: 409 `too_many_api_keys`.",
	"updateUserApiKey": "What is not named stays as it is.",
	"deleteUserApiKey": "It stops working at once.",
}
