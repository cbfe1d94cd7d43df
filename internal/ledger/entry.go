package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Source is what caused an entry. It is unique for each member, unit and part: one
// source pays once, whatever is delivered twice.
type Source struct {
	Type string // one of the constants From...
	ID   string // FromAPI: ignored, the id of the entry
	Part int64  // tells the entries of one source apart, from 0
}

// Types of sources.
const (
	FromRule        = "xp_rule"
	FromBadge       = "badge"
	FromMilestone   = "milestone"
	FromStreak      = "streak"
	FromReferral    = "referral"
	FromLeaderboard = "leaderboard"
	FromGame        = "mini_game"
	FromPurchase    = "purchase"
	FromRefund      = "refund"
	FromHold        = "hold"
	FromBulkJob     = "bulk_job"
	FromAPI         = "api"
	FromWebhook     = "incoming_webhook"
	FromAutomation  = "automation"
	FromExpiry      = "expiry"
	FromReversal    = "reversal"
	FromErasure     = "erasure"
)

// Sources are all types of sources.
var Sources = []string{
	FromRule, FromBadge, FromMilestone, FromStreak, FromReferral, FromLeaderboard, FromGame, FromPurchase, FromRefund, FromHold, FromBulkJob, FromAPI,
	FromWebhook, FromAutomation, FromExpiry, FromReversal, FromErasure,
}

// Counter accounts: the other side of entries. For each unit the sum of all balances
// and counter accounts is 0.
const (
	toIssue    = "issue"
	toSales    = "sales"
	toExpiry   = "expiry"
	toReversal = "reversal"
	toBreakage = "breakage" // what erased members had
)

// counterOf returns the counter account of entries of a type of source.
func counterOf(sourceType string) string {
	switch sourceType {
	case FromPurchase, FromRefund, FromHold:
		return toSales
	case FromExpiry:
		return toExpiry
	case FromReversal:
		return toReversal
	case FromErasure:
		return toBreakage
	default:
		return toIssue
	}
}

// Entry is a posted change of a balance.
type Entry struct {
	ID           string
	Holder       string // random id of the member in the ledger
	UserID       string // the member; "": erased
	Unit         Unit
	Amount       int64 // positive: credit
	BalanceAfter int64
	Reason       string // "" after erasure
	Source       Source
	LotID        string // the lot that a credit made; "": none
	ExpiresAt    int64  // of that lot, Unix milliseconds; 0: never, or no lot
	ReversalOf   string // entry; "": none
	HoldID       string // the hold that it captured; "": none
	Lots         []Part // never empty
	OccurredAt   int64  // of the rewarded fact, Unix milliseconds
	CreatedAt    int64  // Unix milliseconds, ascending for each balance
}

// Part is the part of an entry, or of a hold, in a lot.
type Part struct {
	LotID  string
	Amount int64 // with the sign of the entry
}

// MarshalJSON implements json.Marshaler: [lot, amount].
func (p Part) MarshalJSON() ([]byte, error) { return json.Marshal([]any{p.LotID, p.Amount}) }

// UnmarshalJSON implements json.Unmarshaler.
func (p *Part) UnmarshalJSON(raw []byte) error {
	pair := []any{&p.LotID, &p.Amount}
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 {
		return fmt.Errorf("no part of a lot: %s", raw)
	}
	return nil
}

// Canonical returns the line of the entry in the hash chain: a JSON array without white
// space, times in Unix milliseconds and null for absent values.
func (e *Entry) Canonical() ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode([]any{
		e.ID, e.Holder, e.Unit, e.Amount, e.BalanceAfter, e.Source.Type, e.Source.ID, e.Source.Part, e.Lots,
		present(e.ExpiresAt), present(e.ReversalOf), present(e.HoldID), e.CreatedAt,
	})
	return bytes.TrimSuffix(line.Bytes(), []byte("\n")), err
}

// present returns nil for the zero value.
func present[T comparable](value T) any {
	var none T
	if value == none {
		return nil
	}
	return value
}

// earned returns the change of what the member earned on the day of the fact: credits
// count, but refunds, and reversals of credits are subtracted.
func (e *Entry) earned() int64 {
	switch {
	case e.Unit == Premium || e.Source.Type == FromRefund:
		return 0
	case e.Source.Type == FromReversal:
		return min(e.Amount, 0)
	default:
		return max(e.Amount, 0)
	}
}

// EventPosted is the type of the event of an entry.
const EventPosted = "ledger.posted" // EventEntry

// EventTypes describes the events of the package.
var EventTypes = []event.Type{
	{Name: EventPosted, Member: "the holder of the balance", Data: EventEntry{}, Description: "An entry was posted in the ledger. The event is written only while an enabled automation of the community has it as trigger."},
}

// EventEntry is the data of EventPosted.
type EventEntry struct {
	User  member.EventUser `json:"user"`
	Entry EntryView        `json:"entry"`
}

// Watched reports whether events of entries have a reader in a community.
type Watched func(ctx context.Context, q sqldb.Querier, communityID string) (bool, error)

// report appends the events of the entries if they have a reader.
func (b *book) report(ctx context.Context) error {
	if b.l.d.Watched == nil || len(b.entries) == 0 {
		return nil
	}
	watched, err := b.l.d.Watched(ctx, b.tx, b.communityID)
	if err != nil || !watched {
		return err
	}
	ids := make([]string, 0, len(b.members))
	for _, m := range b.holders {
		ids = append(ids, m.userID)
	}
	records, err := member.Lookup(ctx, b.tx, b.communityID, member.KeySet{IDs: ids}, false)
	if err != nil {
		return err
	}
	byID := make(map[string]*member.Record, len(records))
	for _, r := range records {
		byID[r.ID] = r
	}
	for i := range b.entries {
		e := &b.entries[i]
		who := byID[e.UserID]
		if who == nil {
			continue
		}
		posted := event.Event{CommunityID: b.communityID, Type: EventPosted, UserID: e.UserID}
		if err := event.Append(ctx, b.tx, b.now.UnixMilli(), posted, EventEntry{who.EventUser(), NewEntryView(*e)}); err != nil {
			return err
		}
	}
	return nil
}

// EntryView is an entry on the wire.
type EntryView struct {
	_            struct{}    `nullable:"true"`
	ID           string      `json:"_id"`
	UserID       *string     `json:"userId" doc:"The _id of the user; null after erasure."`
	Unit         Unit        `json:"unit" enum:"xp,coins,premium"`
	Amount       int64       `json:"amount" example:"-120" doc:"Positive: credit; negative: debit."`
	BalanceAfter int64       `json:"balanceAfter" example:"100"`
	Reason       string      `json:"reason" example:"Mug" doc:"Empty after erasure."`
	Source       EntrySource `json:"source" doc:"What caused the entry."`
	LotID        *string     `json:"lotId" doc:"The lot that a credit made."`
	Lots         []EntryPart `json:"lots" nullable:"false" doc:"The parts of the entry by lot, at most 100."`
	LotCount     int         `json:"lotCount" doc:"The number of all parts."`
	ExpiresAt    *string     `json:"expiresAt" format:"date-time" doc:"The instant from which that lot cannot be spent; null: never."`
	ReversalOf   *string     `json:"reversalOf" doc:"The entry that this one reverses."`
	HoldID       *string     `json:"holdId" doc:"The hold that this entry captures."`
	OccurredAt   string      `json:"occurredAt" format:"date-time" doc:"The time of the rewarded fact."`
	CreatedAt    string      `json:"createdAt" format:"date-time"`
}

// EntrySource is a Source on the wire.
type EntrySource struct {
	Type string `json:"type" example:"purchase"`
	ID   string `json:"id"`
}

// EntryPart is a Part on the wire.
type EntryPart struct {
	LotID  string `json:"lotId"`
	Amount int64  `json:"amount"`
}

// maxViewLots is the number of parts that a EntryView has.
const maxViewLots = 100

// NewEntryView returns an entry on the wire.
func NewEntryView(e Entry) EntryView {
	v := EntryView{
		ID: e.ID, UserID: nonEmpty(e.UserID), Unit: e.Unit, Amount: e.Amount, BalanceAfter: e.BalanceAfter, Reason: e.Reason, Source: EntrySource{e.Source.Type, e.Source.ID},
		LotID: nonEmpty(e.LotID), Lots: []EntryPart{}, LotCount: len(e.Lots), ExpiresAt: nonEmpty(clock.Format(e.ExpiresAt)), ReversalOf: nonEmpty(e.ReversalOf), HoldID: nonEmpty(e.HoldID),
		OccurredAt: clock.Format(e.OccurredAt), CreatedAt: clock.Format(e.CreatedAt),
	}
	for _, p := range e.Lots[:min(len(e.Lots), maxViewLots)] {
		v.Lots = append(v.Lots, EntryPart(p))
	}
	return v
}

func nonEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// SourceOf is a source of a member.
type SourceOf struct{ UserID, SourceID string }

// Known returns those of some sources of a type that have entries.
func Known(ctx context.Context, q sqldb.Querier, communityID, sourceType string, list []SourceOf) (map[SourceOf]bool, error) {
	known := map[SourceOf]bool{}
	if len(list) == 0 {
		return known, nil
	}
	userIDs := make([]string, len(list))
	for i, one := range list {
		userIDs[i] = one.UserID
	}
	holders, err := holdersOf(ctx, q, communityID, userIDs)
	if err != nil {
		return nil, err
	}
	var pairs [][2]string
	users := map[string]string{}
	for _, one := range list {
		if holderID := holders[one.UserID]; holderID != "" {
			pairs = append(pairs, [2]string{one.SourceID, holderID})
			users[holderID] = one.UserID
		}
	}
	found, err := entriesOfHolders(ctx, q, communityID, sourceType, pairs)
	for _, e := range found {
		known[SourceOf{users[e.Holder], e.Source.ID}] = true
	}
	return known, err
}

// OfSources returns the ids of all entries of some sources of a type, in the order of
// posting.
func OfSources(ctx context.Context, q sqldb.Querier, communityID, sourceType string, sourceIDs []string) ([]string, error) {
	found, err := entriesOfSources(ctx, q, communityID, sourceType, sourceIDs)
	ids := make([]string, len(found))
	for i, e := range found {
		ids[i] = e.ID
	}
	return unique(ids), err
}

// Entries returns entries by their ids, without UserID.
func Entries(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string]Entry, error) {
	return entriesByID(ctx, q, communityID, ids)
}

// HolderOf returns the holder of a member; "": no entries.
func HolderOf(ctx context.Context, q sqldb.Querier, communityID, userID string) (string, error) {
	return holderOf(ctx, q, communityID, userID)
}
