package api

// serverDescriptions are the descriptions of operations on communities.
var serverDescriptions = map[string]string{
	"createServer": "Whoever makes a community owns it. 403 `creation_closed` where only the owner of the installation makes communities.",
	"listServers":  "Those you are a member of, the oldest first; with `deleted` those you owned and can still restore.",
	"updateServer": "What is not named stays as it is.",
}
