package console

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/chat"
)

// ChannelsView is the tree of categories and channels.
type ChannelsView struct {
	Page
	Groups  []ChannelGroup // the first holds what is in no category
	Name    string         // of a category that could not be made
	Focus   string         // the id of what was moved, a dash and the direction
	Origins string         // one a line
	Settled bool           // the person may not change Origins
	Wrong   string         // why Origins were refused
}

// ChannelGroup is a category with its channels.
type ChannelGroup struct {
	ID, Name    string // "": in no category
	Channels    []ChannelRow
	First, Last bool // of the categories
}

// ChannelRow is a channel in the tree.
type ChannelRow struct {
	ID, Topic, Description, Icon, Type string
	Private, Page                      bool
	First, Last                        bool // of all
}

// ChannelView is a channel that is made or changed.
type ChannelView struct {
	Page
	ID, Name                        string // "" of a new one
	Topic, Description, URL, Parent string
	Type                            string
	Private                         bool
	Types, Parents                  []Choice
	Errors                          map[string]string
}

// CategoryView is a category that is changed.
type CategoryView struct {
	Page
	ID, Was, Name string
	Error         string
}

// OverridesView is what a channel allows and denies, and to whom.
type OverridesView struct {
	Page
	ID, Topic string
	Rows      []OverrideRow
	Roles     []Choice // that have no override yet
	User      string   // whose rights are explained
	Who       string   // as people call them
	Rulings   []RulingRow
}

// OverrideRow is what a channel says to one role or member.
type OverrideRow struct {
	Key    string // role:<id> or user:<id>
	Name   string
	Class  string            // colour of a role; "": a member
	Hidden bool              // of everyone in a private channel: seeing it stays denied
	Says   map[string]string // allow or deny, by permission
}

// RulingRow is what somebody may do, and why.
type RulingRow struct {
	Label   string // in English
	Allowed bool
	Why     string
}

// FrameView is the page of another site inside a channel.
type FrameView struct {
	Page
	Topic, Description, Address, Origin string
	ID                                  string
}

// why says in a sentence which rule decided.
func (p Page) why(d access.Decision) string {
	switch d.Rule {
	case access.RuleNotMember:
		return p.T("They are no member.")
	case access.RuleSuspended:
		return p.T("They are suspended for now.")
	case access.RuleInstallationOwner:
		return p.T("They run this installation.")
	case access.RuleOwner:
		return p.T("They own the community.")
	case access.RuleAdministrator:
		return p.T("The role %s may do everything.", d.Role.Title)
	case access.RuleMemberOverride:
		return p.either(d.Allowed, p.T("This channel allows it to them."), p.T("This channel denies it to them."))
	case access.RuleRoleOverride:
		return p.either(d.Allowed, p.T("This channel allows it to the role %s.", d.Role.Title), p.T("This channel denies it to the role %s.", d.Role.Title))
	case access.RuleEveryoneOverride:
		return p.either(d.Allowed, p.T("This channel allows it to everybody."), p.T("This channel denies it to everybody."))
	case access.RuleRole:
		return p.T("The role %s allows it in every channel.", d.Role.Title)
	case access.RuleEveryone:
		return p.T("Everybody may, in every channel.")
	}
	return p.T("None of their roles allows it.")
}

func (p Page) either(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}

// channelGroups puts channels under their categories; both are in order.
func channelGroups(categories []chat.Category, channels []chat.Channel) []ChannelGroup {
	groups := []ChannelGroup{{}}
	for i, c := range categories {
		groups = append(groups, ChannelGroup{ID: c.ID, Name: c.Name, First: i == 0, Last: i == len(categories)-1})
	}
	for _, ch := range channels {
		at := 0
		for i, g := range groups {
			if g.ID == ch.CategoryID {
				at = i
			}
		}
		groups[at].Channels = append(groups[at].Channels, ChannelRow{
			ID: ch.ID, Topic: ch.Topic, Description: ch.Description, Icon: channelIcon(ch.Type), Type: channelTypeName(ch.Type),
			Private: ch.Private, Page: ch.Type == chat.Iframe,
		})
	}
	markEnds(groups)
	return groups
}

// markEnds says of each channel whether it can go further up or down.
func markEnds(groups []ChannelGroup) {
	for g := range groups {
		for i := range groups[g].Channels {
			groups[g].Channels[i].First = g == 0 && i == 0
			groups[g].Channels[i].Last = g == len(groups)-1 && i == len(groups[g].Channels)-1
		}
	}
}

func channelTypeName(t chat.Type) string {
	for _, one := range channelTypes {
		if one.Value == string(t) {
			return one.Label
		}
	}
	return string(t)
}
