package rule

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/presence"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// fact is something that a member did and that a rule may pay.
type fact struct {
	userID    string
	action    Action
	source    string
	at        int64  // Unix milliseconds
	channelID string // "": none
	byKey     bool   // a key of the community did it
}

// pass is the work on a batch of events of a community.
type pass struct {
	r           *Rules
	tx          *sqldb.Tx
	communityID string
	home        community.Community
	versions    []Settings      // oldest first
	trading     map[string]bool // channels; loaded if a version pays for them
	fields      []field.Field   // loaded if a version pays for AboutMe
	deleted     []string        // sources of deleted messages
	days        *community.Days
}

// apply pays the facts of a batch of events, in one call of the ledger. A position is saved
// in the same transaction, so each fact is paid once.
func (r *Rules) apply(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
	p := &pass{r: r, tx: tx, communityID: batch[0].CommunityID}
	if err := tx.LockShared(ctx, guard(p.communityID)); err != nil {
		return err
	}
	if err := p.load(ctx, batch); err != nil {
		return err
	}
	var facts []fact
	for i := range batch {
		one, err := p.fact(&batch[i])
		if err != nil {
			return err
		}
		if one.action != "" && p.rule(one).pays(one.channelID) {
			facts = append(facts, one)
		}
	}
	if err := p.pay(ctx, facts); err != nil {
		return err
	}
	return p.reverse(ctx)
}

// load loads what decides about a batch.
func (p *pass) load(ctx context.Context, batch []event.Event) error {
	first := batch[0].OccurredAt
	for i := range batch {
		first = min(first, batch[i].OccurredAt)
	}
	var err error
	if p.home, err = community.Load(ctx, p.tx, p.communityID); err != nil {
		return err
	}
	p.days = community.NewDays(p.home)
	if p.versions, err = versionsSince(ctx, p.tx, p.communityID, first); err != nil {
		return err
	}
	enabled := func(action Action) bool {
		return slices.ContainsFunc(p.versions, func(s Settings) bool { return s.Enabled && s.Rules[action].Enabled })
	}
	if enabled(Trading) {
		ids, err := chat.TradingChannels(ctx, p.tx, p.communityID)
		if err != nil {
			return err
		}
		p.trading = make(map[string]bool, len(ids))
		for _, channelID := range ids {
			p.trading[channelID] = true
		}
	}
	if enabled(AboutMe) {
		p.fields, err = field.List(ctx, p.tx, p.communityID)
	}
	return err
}

// settings returns the version in force at a time.
func (p *pass) settings(at int64) *Settings {
	for i := len(p.versions) - 1; i > 0; i-- {
		if p.versions[i].from <= at {
			return &p.versions[i]
		}
	}
	return &p.versions[0]
}

// rule returns the rule for a fact; one that pays nothing if XP is disabled, or for a
// message of a key unless keys are paid.
func (p *pass) rule(one fact) Rule {
	s := p.settings(one.at)
	if !s.Enabled || one.byKey && !s.PayKeyMessages {
		return Rule{}
	}
	return s.Rules[one.action]
}

// fact returns what an event tells; without an action nothing that can be paid.
func (p *pass) fact(e *event.Event) (fact, error) {
	one := fact{userID: e.UserID, at: e.OccurredAt}
	if e.Type == message.EventDeleted && !e.Erased { // also of authors that are gone
		var data message.EventRemoval
		err := e.Decode(&data)
		p.deleted = append(p.deleted, messageSource(data.MessageID))
		return one, err
	}
	if e.Erased || e.UserID == "" {
		return one, nil
	}
	switch e.Type {
	case message.EventPosted:
		return p.written(e, one)
	case message.EventReactionAdded:
		var data message.EventReaction
		err := e.Decode(&data)
		one.action, one.source, one.channelID = React, "react:"+data.MessageID, data.ChannelID
		return one, err
	case presence.EventVisited:
		var data presence.Visited
		err := e.Decode(&data)
		if data.FirstToday {
			one.action, one.source = Visit, "visit:"+community.DateOf(p.day(one)).Format(time.DateOnly)
		}
		return one, err
	case member.EventUpdated:
		return p.updated(e, one)
	}
	return one, nil
}

func messageSource(messageID string) string { return "message:" + messageID }

// written returns the fact of a message.
func (p *pass) written(e *event.Event, one fact) (fact, error) {
	var data message.EventMessage
	if err := e.Decode(&data); err != nil {
		return one, err
	}
	m := &data.Message
	one.source, one.channelID = messageSource(m.ID), m.Channel.ID
	if at := clock.Parse(m.Timestamp); at != 0 {
		one.at = at
	}
	if m.Via != nil {
		if m.Via.Type != "key" {
			return one, nil
		}
		one.byKey = true
	}
	s := p.settings(one.at)
	switch {
	case m.Kind == message.Posted && p.trading[one.channelID] && s.Rules[Trading].Enabled:
		one.action = Trading
	case m.Kind == message.Posted:
		one.action = Message
	case m.Kind == message.Reply && m.ReplyToID != nil && s.Rules[Quote].Enabled:
		one.action = Quote
	case m.Kind == message.Reply:
		one.action = Reply
	}
	return one, nil
}

// updated returns the fact of a first picture or a first text about the member.
func (p *pass) updated(e *event.Event, one fact) (fact, error) {
	var data member.UserUpdated
	if err := e.Decode(&data); err != nil {
		return one, err
	}
	about := ""
	if f := textField(p.fields, p.settings(one.at).Rules[AboutMe].FieldID); f != nil {
		about = f.Field
	}
	for _, changed := range data.Fields {
		if text, _ := changed.New.(string); text == "" || changed.Old != nil {
			continue
		}
		switch changed.Field {
		case roster.AvatarName:
			one.action, one.source = Picture, string(Picture)
		case about:
			one.action, one.source = AboutMe, string(AboutMe)
		}
	}
	return one, nil
}

// reverse reverses what deleted messages earned. What was spent stays spent.
func (p *pass) reverse(ctx context.Context) error {
	if len(p.deleted) == 0 {
		return nil
	}
	ids, err := ledger.OfSources(ctx, p.tx, p.communityID, ledger.FromRule, p.deleted)
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = p.r.d.Ledger.ReverseMany(ctx, p.tx, p.communityID, ids, "Message deleted")
	return err
}

// reasons are the reasons of entries, by action.
var reasons = map[Action]string{
	Message: "Message", Trading: "Discussion of trading", Reply: "Reply", Quote: "Reply", React: "Reaction", Visit: "Visit", Picture: "First picture", AboutMe: "First text about yourself",
}

// posts returns the entries of a fact.
func (p *pass) posts(one fact) (list []ledger.Post) {
	rule := p.rule(one)
	add := func(unit ledger.Unit, amount int64) {
		if amount > 0 {
			list = append(list, ledger.Post{
				UserID: one.userID, Unit: unit, Amount: amount, Reason: reasons[one.action], Source: ledger.Source{Type: ledger.FromRule, ID: one.source}, OccurredAt: one.at,
			})
		}
	}
	add(ledger.XP, rule.XP)
	add(ledger.Coins, rule.Coins)
	return list
}

// pay posts what the facts earn, and stores the payments.
func (p *pass) pay(ctx context.Context, facts []fact) error {
	facts, err := p.unpaid(ctx, facts)
	if err != nil || len(facts) == 0 {
		return err
	}
	limits, err := p.loadLimits(ctx, facts)
	if err != nil {
		return err
	}
	var posts []ledger.Post
	var owners []int // of posts: their payments
	var payments []payment
	for _, one := range facts {
		if !limits.admit(one, p.rule(one), p.day(one)) {
			continue
		}
		for _, post := range p.posts(one) {
			posts = append(posts, post)
			owners = append(owners, len(payments))
		}
		payments = append(payments, payment{one.userID, one.action, one.at, one.source, p.day(one)})
	}
	if len(posts) == 0 {
		return nil
	}
	results, err := p.r.d.Ledger.Post(ctx, p.tx, p.communityID, posts)
	if err != nil {
		return err
	}
	paid := make([]bool, len(payments))
	for i, result := range results {
		switch {
		case errs.Is(result.Err, "user_not_found"), errs.Is(result.Err, "member_suspended"):
		case result.Err != nil:
			p.r.d.Log.WarnContext(ctx, "reward not posted", "community_id", p.communityID, "user_id", posts[i].UserID, "source_id", posts[i].Source.ID, "code", errs.From(result.Err).Code)
		case !result.Repeat:
			paid[owners[i]] = true
		}
	}
	var stored []payment
	for i, one := range payments {
		if paid[i] && one.action.Repeats() {
			stored = append(stored, one)
		}
	}
	return insertPayments(ctx, p.tx, p.communityID, stored)
}

// day returns the day of a fact.
func (p *pass) day(one fact) int64 { return p.days.Of(one.at) }

// unpaid returns the facts that were not paid before: each message pays the reactions of a
// member once, each day a visit.
func (p *pass) unpaid(ctx context.Context, facts []fact) ([]fact, error) {
	var asked []ledger.SourceOf
	for _, one := range facts {
		if one.source != "" && (one.action == React || !one.action.Repeats()) {
			asked = append(asked, ledger.SourceOf{UserID: one.userID, SourceID: one.source})
		}
	}
	known, err := ledger.Known(ctx, p.tx, p.communityID, ledger.FromRule, asked)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(facts, func(one fact) bool {
		key := ledger.SourceOf{UserID: one.userID, SourceID: one.source}
		return known[key]
	}), nil
}
