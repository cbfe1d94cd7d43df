// Package reaction stores the reactions to messages: each kind of an emoji once for
// each member. Who may react is for package react.
package reaction

// Given is a reaction of a member to a message.
type Given struct {
	Emoji    string // folded
	MemberID string // an erased member has a random id
	At       int64  // Unix milliseconds
}

// Count is the number of reactions of a kind to a message.
type Count struct {
	Emoji string // folded
	Count int64
	Me    bool // the reader is among the members
}

// Filter selects reactions to a message.
type Filter struct {
	MessageID string
	Emoji     string // "": all
	After     Given  // the last one before; zero: from the first
	Limit     int
}
