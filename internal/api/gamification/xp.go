package gamification

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/progress/rule"
)

// Payment is the rule of an action that is paid once, or once a day.
type Payment struct {
	Enabled bool  `json:"enabled"`
	XP      int64 `json:"xp" example:"10"`
	Coins   int64 `json:"coins" example:"1"`
}

// TextPayment is the rule of a first text in a field.
type TextPayment struct {
	Payment
	FieldID string `json:"fieldId" doc:"The _id of a custom field for text; empty: none."`
}

// CappedPayment is the rule of an action that is paid again and again.
type CappedPayment struct {
	Payment
	DailyCap *int64 `json:"dailyCap" example:"20" doc:"Payments of a member on a day of the community; null: any number."`
}

// ReactionPayment is the rule of reactions.
type ReactionPayment struct {
	CappedPayment
	Time int64 `json:"time" example:"3" doc:"Seconds between two payments of a member."`
}

// QuotePayment is the rule of an action in a channel without a cooldown.
type QuotePayment struct {
	CappedPayment
	Channels []string `json:"channels" nullable:"false" doc:"The _ids of the only channels that pay; empty: all."`
}

// MessagePayment is the rule of an action in a channel.
type MessagePayment struct {
	QuotePayment
	Time int64 `json:"time" example:"60" doc:"Seconds between two payments of a member."`
}

// XPSettings are the XP rules of a community.
type XPSettings struct {
	Enabled        bool            `json:"enabled"`
	PayKeyMessages bool            `json:"payKeyMessages" doc:"Messages that a key of the community sends for members pay too."`
	Version        int64           `json:"version" doc:"Incremented by each update, from 1."`
	Message        MessagePayment  `json:"message" doc:"A message."`
	Reply          MessagePayment  `json:"reply" doc:"A reply."`
	Quote          QuotePayment    `json:"quote" doc:"A reply to another reply, if enabled instead of reply."`
	Trading        MessagePayment  `json:"tradingDiscussions" doc:"A message in a channel for discussions of trading, if enabled instead of message."`
	Comment        MessagePayment  `json:"comment" doc:"A reply to an analysis."`
	React          ReactionPayment `json:"react" doc:"A reaction; each message pays a member once."`
	Visit          Payment         `json:"visit" doc:"The first visit of the day."`
	Picture        Payment         `json:"picture" doc:"The first avatar."`
	AboutMe        TextPayment     `json:"aboutme" doc:"The first text in a field."`
	Analysis       MessagePayment  `json:"analysis" doc:"A chart analysis."`
	Object         MessagePayment  `json:"object" doc:"A drawing in an analysis."`
	Refer          Payment         `json:"refer" doc:"To the referrer of a new member."`
	Referral       Payment         `json:"referral" doc:"To a referred member, at joining."`
}

func newSettings(s rule.Settings) XPSettings {
	paid := func(action rule.Action) Payment {
		r := s.Rules[action]
		return Payment{r.Enabled, r.XP, r.Coins}
	}
	capped := func(action rule.Action) CappedPayment { return CappedPayment{paid(action), s.Rules[action].DailyCap} }
	quote := func(action rule.Action) QuotePayment {
		return QuotePayment{capped(action), append([]string{}, s.Rules[action].Channels...)}
	}
	written := func(action rule.Action) MessagePayment { return MessagePayment{quote(action), s.Rules[action].Time} }
	return XPSettings{
		Enabled: s.Enabled, PayKeyMessages: s.PayKeyMessages, Version: s.Version,
		Message: written(rule.Message), Reply: written(rule.Reply), Quote: quote(rule.Quote), Trading: written(rule.Trading), Comment: written(rule.Comment),
		React: ReactionPayment{capped(rule.React), s.Rules[rule.React].Time}, Visit: paid(rule.Visit), Picture: paid(rule.Picture), AboutMe: TextPayment{paid(rule.AboutMe), s.Rules[rule.AboutMe].FieldID},
		Analysis: written(rule.Analysis), Object: written(rule.Object), Refer: paid(rule.Refer), Referral: paid(rule.Referral),
	}
}

// nullableNumber is a number that may be null or absent.
type nullableNumber struct {
	present bool
	number  *int64
}

// UnmarshalJSON decodes a number or null.
func (n *nullableNumber) UnmarshalJSON(raw []byte) error {
	n.present = true
	return json.Unmarshal(raw, &n.number)
}

// Schema describes a number or null.
func (nullableNumber) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Nullable: true}
}

// change returns the new value; nil: absent.
func (n nullableNumber) change() **int64 {
	if !n.present {
		return nil
	}
	return &n.number
}

// PaymentChange changes a Payment. Omitted fields stay.
type PaymentChange struct {
	Enabled *bool  `json:"enabled,omitempty"`
	XP      *int64 `json:"xp,omitempty" example:"10" doc:"0 to 1,000,000."`
	Coins   *int64 `json:"coins,omitempty" example:"1" doc:"0 to 1,000,000."`
}

func (c *PaymentChange) rule() rule.ActionChange {
	return rule.ActionChange{Enabled: c.Enabled, XP: c.XP, Coins: c.Coins}
}

// TextPaymentChange changes a TextPayment.
type TextPaymentChange struct {
	PaymentChange
	FieldID *string `json:"fieldId,omitempty" doc:"The _id of a custom field for text; required if the action is enabled."`
}

// ReactionPaymentChange changes a ReactionPayment.
type ReactionPaymentChange struct {
	PaymentChange
	DailyCap nullableNumber `json:"dailyCap,omitempty" doc:"Payments of a member on a day of the community; null: any number."`
	Time     *int64         `json:"time,omitempty" doc:"Seconds between two payments of a member, 0 to 86,400."`
}

func (c *ReactionPaymentChange) rule() rule.ActionChange {
	r := c.PaymentChange.rule()
	r.DailyCap, r.Time = c.DailyCap.change(), c.Time
	return r
}

// QuotePaymentChange changes a QuotePayment.
type QuotePaymentChange struct {
	PaymentChange
	DailyCap nullableNumber `json:"dailyCap,omitempty" doc:"Payments of a member on a day of the community; null: any number."`
	Channels *[]string      `json:"channels,omitempty" doc:"The _ids of the only channels that pay; empty: all."`
}

func (c *QuotePaymentChange) rule() rule.ActionChange {
	r := c.PaymentChange.rule()
	r.DailyCap, r.Channels = c.DailyCap.change(), c.Channels
	return r
}

// MessagePaymentChange changes a MessagePayment.
type MessagePaymentChange struct {
	QuotePaymentChange
	Time *int64 `json:"time,omitempty" doc:"Seconds between two payments of a member, 0 to 86,400."`
}

func (c *MessagePaymentChange) rule() rule.ActionChange {
	r := c.QuotePaymentChange.rule()
	r.Time = c.Time
	return r
}

type settingsChange struct {
	wire.IfMatch
	Body struct {
		api.BodyCommunity
		Enabled        *bool                  `json:"enabled,omitempty" doc:"false: no action pays; entries stay."`
		PayKeyMessages *bool                  `json:"payKeyMessages,omitempty"`
		Message        *MessagePaymentChange  `json:"message,omitempty"`
		Reply          *MessagePaymentChange  `json:"reply,omitempty"`
		Quote          *QuotePaymentChange    `json:"quote,omitempty"`
		Trading        *MessagePaymentChange  `json:"tradingDiscussions,omitempty"`
		Comment        *MessagePaymentChange  `json:"comment,omitempty"`
		React          *ReactionPaymentChange `json:"react,omitempty"`
		Visit          *PaymentChange         `json:"visit,omitempty"`
		Picture        *PaymentChange         `json:"picture,omitempty"`
		AboutMe        *TextPaymentChange     `json:"aboutme,omitempty"`
		Analysis       *MessagePaymentChange  `json:"analysis,omitempty"`
		Object         *MessagePaymentChange  `json:"object,omitempty"`
		Refer          *PaymentChange         `json:"refer,omitempty"`
		Referral       *PaymentChange         `json:"referral,omitempty"`
		Version        int64                  `json:"version,omitempty" minimum:"1" doc:"The version that was read; absent: update any."`
	} `nameHint:"XPSettingsChange"`
}

func (h *handlers) getSettings(ctx context.Context, _ *wire.CommunityQuery) (*api.Answer[XPSettings], error) {
	found, err := h.Rules.Get(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("XP settings of the community", newSettings(found)), nil
}

func (h *handlers) updateSettings(ctx context.Context, in *settingsChange) (*api.Answer[XPSettings], error) {
	b := &in.Body
	version, err := in.Expected(b.Version)
	if err != nil {
		return nil, err
	}
	change := rule.Change{Enabled: b.Enabled, PayKeyMessages: b.PayKeyMessages, Version: version, Rules: map[rule.Action]rule.ActionChange{}}
	for action, c := range map[rule.Action]*MessagePaymentChange{
		rule.Message: b.Message, rule.Reply: b.Reply, rule.Trading: b.Trading, rule.Comment: b.Comment, rule.Analysis: b.Analysis, rule.Object: b.Object,
	} {
		if c != nil {
			change.Rules[action] = c.rule()
		}
	}
	for action, c := range map[rule.Action]*PaymentChange{rule.Visit: b.Visit, rule.Picture: b.Picture, rule.Refer: b.Refer, rule.Referral: b.Referral} {
		if c != nil {
			change.Rules[action] = c.rule()
		}
	}
	if b.Quote != nil {
		change.Rules[rule.Quote] = b.Quote.rule()
	}
	if b.React != nil {
		change.Rules[rule.React] = b.React.rule()
	}
	if b.AboutMe != nil {
		about := b.AboutMe.rule()
		about.FieldID = b.AboutMe.FieldID
		change.Rules[rule.AboutMe] = about
	}
	changed, err := h.Rules.Update(ctx, actor.FromContext(ctx), api.CommunityID(ctx), change)
	if err != nil {
		return nil, err
	}
	return api.Respond("XP settings updated successfully", newSettings(changed)), nil
}
