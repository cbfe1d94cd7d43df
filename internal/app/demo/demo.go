// Package demo fills the community of the demo with conversations of its members.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message/change"
	stored "github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/react"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/presence"
	"github.com/regulars/regulars/internal/progress/application"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/report"
	"github.com/regulars/regulars/internal/roster"
)

// Deps are what Fill uses.
type Deps struct {
	Communities   *community.Communities
	Members       *roster.Roster
	Chat          *chat.Chat
	Posts         *post.Posts
	Changes       *change.Changes
	Reactions     *react.Reactions
	Topics        *topic.Topics
	Conversations *direct.Conversations
	Reports       *report.Reports
	Presence      *presence.Presence
	Milestones    *milestone.Milestones
	Badges        *badge.Badges
	Awards        *award.Awards
	Applications  *application.Applications
	Automations   *automation.Automations

	Operator actor.Actor
	Owner    actor.Actor // a person in the community
	// SetTime sets the time of the clock of the services.
	SetTime func(time.Time)
	Now     time.Time
}

// filling is a community that is being filled.
type filling struct {
	Deps
	id    string
	first string // the first channel
}

// Fill creates channels in which members have written within the last days: messages,
// replies, reactions, an image, pins, a forum, a conversation, reports, automations, visits,
// badges and milestones.
func Fill(ctx context.Context, d Deps, communityID string) error {
	f := &filling{Deps: d, id: communityID}
	words := []string{"refund"}
	if _, err := f.Communities.Update(ctx, f.id, community.Change{AlertWords: &words}, f.Operator); err != nil {
		return err
	}
	for _, c := range channels {
		created, err := f.Chat.CreateChannel(ctx, f.Operator, f.id, chat.Input{Topic: c.name, Type: c.kind, Description: c.description})
		if err != nil {
			return err
		}
		if f.first == "" {
			f.first = created.ID
		}
		for _, l := range c.lines {
			if err := f.say(ctx, created.ID, l); err != nil {
				return err
			}
		}
		for _, t := range c.topics {
			if err := f.open(ctx, created.ID, t); err != nil {
				return err
			}
		}
	}
	if err := f.talk(ctx); err != nil {
		return err
	}
	f.SetTime(f.Now)
	if err := f.automate(ctx); err != nil {
		return err
	}
	if err := f.visit(ctx); err != nil {
		return err
	}
	if err := f.honour(ctx); err != nil {
		return err
	}
	return f.reward(ctx)
}

// automate creates an automation that greets new members, and one that pays for the first
// visit of a day.
func (f *filling) automate(ctx context.Context) error {
	always, once, joined, visited, welcome, bonus, first := "", int64(1), member.EventJoined, presence.EventVisited, "Greeter", "Visit bonus", "event.data.firstToday"
	for _, in := range []automation.Input{
		{Name: &welcome, Event: &joined, Condition: &always, PerMember: &once, Actions: &[]automation.Action{
			{Type: automation.Grant, Unit: ledger.Coins, Amount: 50, Reason: "Welcome"},
			{Type: automation.Message, ChannelID: f.first, Message: "Welcome **{{user.displayName}}**! Say hello and introduce yourself."},
		}},
		{Name: &bonus, Event: &visited, Condition: &first, PerDay: &once, Actions: &[]automation.Action{{Type: automation.Grant, Unit: ledger.Coins, Amount: 5, Reason: "First visit of the day"}}},
	} {
		if _, err := f.Automations.Create(ctx, f.Operator, f.id, in); err != nil {
			return err
		}
	}
	return nil
}

// talk fills the conversation of the owner with a member.
func (f *filling) talk(ctx context.Context) error {
	created, _, err := f.Conversations.Start(ctx, f.Owner, f.id, []string{partner}, "")
	if err != nil {
		return err
	}
	for _, l := range talk {
		f.at(l)
		if _, err := f.Posts.Send(ctx, f.Operator, f.id, created.ID, post.Input{Text: l.text, Sender: l.author}); err != nil {
			return err
		}
	}
	return nil
}

// say posts a message with its replies and reactions.
func (f *filling) say(ctx context.Context, channelID string, l line) error {
	in := post.Input{Text: l.text, Sender: l.author}
	if err := f.attach(ctx, channelID, l, &in); err != nil {
		return err
	}
	f.at(l)
	sent, err := f.Posts.Send(ctx, f.Operator, f.id, channelID, in)
	if err != nil {
		return err
	}
	return f.answer(ctx, sent.ID, l)
}

// open creates a topic with its first message.
func (f *filling) open(ctx context.Context, channelID string, t thread) error {
	f.at(t.first)
	created, err := f.Topics.Create(ctx, f.Operator, f.id, channelID, topic.Input{Title: t.title, Tags: t.tags, First: post.Input{Text: t.first.text, Sender: t.first.author}})
	if err != nil {
		return err
	}
	for _, l := range t.lines {
		f.at(l)
		sent, err := f.Posts.Send(ctx, f.Operator, f.id, channelID, post.Input{Text: l.text, Sender: l.author, TopicID: created.ID})
		if err != nil {
			return err
		}
		if err := f.answer(ctx, sent.ID, l); err != nil {
			return err
		}
	}
	return nil
}

// answer adds what followed on a message.
func (f *filling) answer(ctx context.Context, messageID string, l line) error {
	for _, r := range l.reactions {
		for _, who := range r.by {
			if _, err := f.Reactions.React(ctx, f.Operator, f.id, messageID, r.emoji, who); err != nil {
				return err
			}
		}
	}
	if l.pinned {
		if _, err := f.Changes.Pin(ctx, f.Operator, f.id, messageID); err != nil {
			return err
		}
	}
	for _, reply := range l.replies {
		f.at(reply)
		sent, err := f.Posts.Reply(ctx, f.Operator, f.id, messageID, post.Input{Text: reply.text, Sender: reply.author})
		if err != nil {
			return err
		}
		if err := f.answer(ctx, sent.ID, reply); err != nil {
			return err
		}
	}
	if l.reported == "" {
		return nil
	}
	_, err := f.Reports.Create(ctx, f.Owner, f.id, messageID, l.reported)
	return err
}

// at sets the time to that of a line.
func (f *filling) at(l line) { f.SetTime(f.Now.Add(-l.ago)) }

// attach uploads the picture of a line.
func (f *filling) attach(ctx context.Context, channelID string, l line, in *post.Input) error {
	if l.picture == "" {
		return nil
	}
	file, err := picture()
	if err != nil {
		return err
	}
	f.at(l)
	one, err := f.Posts.StoreImage(ctx, f.Operator, f.id, l.picture, bytes.NewReader(file))
	if err != nil {
		return err
	}
	added, err := f.Posts.AddImages(ctx, f.Operator, f.id, channelID, []stored.Image{one})
	if err != nil {
		return err
	}
	in.Attachments = []string{added[0].ID}
	return nil
}

// picture draws a plan of a room: tables in rows, and a stage.
func picture() ([]byte, error) {
	paper, table, stage := color.RGBA{0xf6, 0xf5, 0xf1, 0xff}, color.RGBA{0x0e, 0x74, 0x90, 0xff}, color.RGBA{0xb4, 0x53, 0x09, 0xff}
	plan := image.NewRGBA(image.Rect(0, 0, 640, 400))
	for y := range 400 {
		for x := range 640 {
			dx, dy := x%128-64, y%100-50
			switch {
			case y < 60 && x > 120 && x < 520:
				plan.Set(x, y, stage)
			case y > 100 && dx*dx+dy*dy < 700:
				plan.Set(x, y, table)
			default:
				plan.Set(x, y, paper)
			}
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, plan)
	return out.Bytes(), err
}

// visit records that the authors are here now.
func (f *filling) visit(ctx context.Context) error {
	for _, name := range visitors {
		who, err := f.Members.FindIn(ctx, f.Operator, f.id, name, member.Active)
		if err != nil {
			return err
		}
		f.Presence.Record(ctx, actor.Actor{Kind: actor.Session, MemberID: who.ID, Name: who.Username}, f.id)
	}
	return nil
}

// reward creates milestones, which members have reached by what they did.
func (f *filling) reward(ctx context.Context) error {
	for i, g := range goals {
		order := int64(i)
		in := milestone.Input{
			Name: &g.name, Group: &g.group, Order: &order, Description: &g.description, Conditions: json.RawMessage(`{"operator":"and","conditions":[` + g.conditions + `]}`),
			XP: &g.xp, Coins: &g.coins, Boost: &g.boost,
		}
		if g.lasted > 0 {
			from, until := clock.Format(f.Now.Add(-2*g.lasted).UnixMilli()), clock.Format(f.Now.Add(-g.lasted).UnixMilli())
			in.StartsAt, in.EndsAt = &from, &until
		}
		if _, err := f.Milestones.Create(ctx, f.Operator, f.id, in); err != nil {
			return err
		}
	}
	return nil
}
