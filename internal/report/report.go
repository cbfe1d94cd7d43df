// Package report keeps reports of messages for moderators: by members, and by the alert
// words of a community.
package report

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Sources of reports.
const (
	ByMember    = "member"
	ByAlertWord = "alert_word"
)

// Statuses of reports.
const (
	Open     = "open"
	Resolved = "resolved"
)

// Report is a reported message.
type Report struct {
	ID         string
	MessageID  string
	AuthorID   string // of the message; "": erased, or the system
	Source     string // ByMember or ByAlertWord: of the first report
	Status     string // Open or Resolved
	Resolution Resolution
	CreatedAt  int64 // Unix milliseconds

	Reporters []Reporter    // the first one first
	Message   *message.View // nil: it was deleted some time ago
}

// Resolution is the end of a report. The zero Resolution: it is open.
type Resolution struct {
	Action    Action
	Reason    string // "" after erasure of the author
	Actor     string // actor.Actor.Ref
	ActorName string // as it was then; "" after erasure
	PenaltyID string // "": the action is no penalty
	At        int64  // Unix milliseconds
}

// Reporter is a member who reported a message.
type Reporter struct {
	Member directory.Person // zero after erasure
	Reason string           // "" after erasure
	At     int64            // Unix milliseconds
}

// maxReason is the length of reasons in characters.
const maxReason = 500

// Deps are the dependencies of Reports.
type Deps struct {
	DB         *sqldb.DB
	Clock      clock.Clock
	Access     *access.Access
	Messages   *message.Messages
	Lists      *list.Lists
	Changes    *change.Changes
	Moderation *moderation.Moderation
}

// Reports are the reports of all communities. It is safe for concurrent use.
type Reports struct{ d Deps }

// New returns the Reports of a database.
func New(d Deps) *Reports { return &Reports{d} }

// Create reports a message that the actor's member sees. A message has one report, which
// collects its reporters; a resolved one is opened again. It fails with Forbidden
// "person_required" for a key of a community, as access.Can does for GetMessages, with
// Invalid "invalid_input", NotFound "message_not_found" or Conflict "already_reported".
func (r *Reports) Create(ctx context.Context, caller actor.Actor, communityID, messageID, reason string) (Report, error) {
	if err := r.d.Access.CanAsPerson(caller, []actor.Permission{permission.AnyPerson}); err != nil {
		return Report{}, err
	}
	if err := r.d.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return Report{}, err
	}
	reason, err := validReason(reason)
	if err != nil {
		return Report{}, err
	}
	var reported Report
	return reported, r.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		self, err := directory.Self(ctx, tx, caller, communityID)
		if err != nil {
			return err
		}
		one, _, err := r.d.Messages.Find(ctx, tx, caller, communityID, messageID, "")
		if err == nil && one.DeletedAt != 0 {
			err = errs.Missing("message")
		}
		if err != nil {
			return err
		}
		now := r.d.Clock.Now()
		reported, err = put(ctx, tx, communityID, Report{ID: id.New(now), MessageID: one.ID, AuthorID: one.AuthorID, Source: ByMember, Status: Open, CreatedAt: now.UnixMilli()}, now.UnixMilli())
		if err != nil {
			return err
		}
		added, err := insertReporter(ctx, tx, communityID, reported.ID, self.ID, reason, now.UnixMilli())
		if err == nil && !added {
			err = errs.New(errs.Conflict, "already_reported", "You have reported this message already.")
		}
		return err
	})
}

// put stores an open report and returns it, or the one that its message has. A report that
// was resolved before the instant writtenAt is opened again.
func put(ctx context.Context, tx *sqldb.Tx, communityID string, one Report, writtenAt int64) (Report, error) {
	if err := insertReport(ctx, tx, communityID, one, writtenAt); err != nil {
		return one, err
	}
	return lockOfMessage(ctx, tx, communityID, one.MessageID)
}

// validReason returns a reason as one line of 1 to 500 characters.
func validReason(given string) (string, error) {
	reason, ok := text.Line(given, maxReason)
	if !ok || reason == "" {
		return "", errs.InvalidFields([]errs.Field{errs.Wrong("reason", "invalid", "A reason has 1 to 500 characters.")})
	}
	return reason, nil
}

// Filter selects reports.
type Filter struct {
	Status string // Open, Resolved; "": all, open ones first
	Cursor string
	Limit  int
}

// List returns a page of the reports, the oldest open one first and the newest resolved
// one first, and the cursor of the next page, "" at the end. It fails as access.Can does
// for Moderate, or with Invalid "invalid_cursor".
func (r *Reports) List(ctx context.Context, caller actor.Actor, communityID string, f Filter) ([]Report, string, error) {
	if err := r.d.Access.Can(ctx, caller, communityID, permission.Moderate); err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("reports", f.Status)
	last, err := cursors.Parse(f.Cursor, 2)
	if err != nil {
		return nil, "", err
	}
	status, after := cmp.Or(f.Status, Open), ""
	if last != nil {
		status, after = last[0], last[1]
	}
	found, err := selectReports(ctx, r.d.DB, communityID, status, after, f.Limit+1)
	if err != nil {
		return nil, "", err
	}
	if f.Status == "" && status == Open && len(found) <= f.Limit {
		resolved, err := selectReports(ctx, r.d.DB, communityID, Resolved, "", f.Limit+1-len(found))
		if err != nil {
			return nil, "", err
		}
		found = append(found, resolved...)
	}
	next := ""
	if len(found) > f.Limit {
		found = found[:f.Limit]
		next = cursors.After(found[f.Limit-1].Status, found[f.Limit-1].ID)
	}
	return found, next, r.complete(ctx, r.d.DB, caller, communityID, found)
}

// Get returns a report. It fails as List does, or with NotFound "report_not_found".
func (r *Reports) Get(ctx context.Context, caller actor.Actor, communityID, reportID string) (Report, error) {
	if err := r.d.Access.Can(ctx, caller, communityID, permission.Moderate); err != nil {
		return Report{}, err
	}
	return r.get(ctx, caller, communityID, reportID)
}

func (r *Reports) get(ctx context.Context, caller actor.Actor, communityID, reportID string) (Report, error) {
	found, err := load(ctx, r.d.DB, communityID, reportID)
	if err != nil {
		return found, err
	}
	list := []Report{found}
	err = r.complete(ctx, r.d.DB, caller, communityID, list)
	return list[0], err
}

// around is the number of messages before and after a reported one that Around returns.
const around = 3

// Around returns the message of a report between those before and after it, the oldest
// first. Without a channel that the actor sees it is the message alone: moderators see no
// other messages of conversations. It fails as List does.
func (r *Reports) Around(ctx context.Context, caller actor.Actor, communityID string, one Report) ([]message.View, error) {
	if err := r.d.Access.Can(ctx, caller, communityID, permission.Moderate); err != nil || one.Message == nil {
		return nil, err
	}
	here := list.Position{MessageID: one.MessageID}
	before, err := r.d.Lists.List(ctx, caller, communityID, list.Filter{ChannelID: one.Message.Channel.ID, Before: here, Count: around})
	if kind := errs.KindOf(err); kind == errs.NotFound || kind == errs.Forbidden {
		return []message.View{*one.Message}, nil
	}
	if err != nil {
		return nil, err
	}
	after, err := r.d.Lists.List(ctx, caller, communityID, list.Filter{ChannelID: one.Message.Channel.ID, After: here, Count: around})
	if err != nil {
		return nil, err
	}
	all := append(append(after.Messages, *one.Message), before.Messages...)
	slices.Reverse(all)
	return all, nil
}

// complete adds the messages and the reporters to reports.
func (r *Reports) complete(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string, list []Report) error {
	ids, messageIDs := make([]string, len(list)), make([]string, len(list))
	for i := range list {
		ids[i], messageIDs[i] = list[i].ID, list[i].MessageID
	}
	messages, err := r.d.Messages.ByID(ctx, q, caller, communityID, messageIDs)
	if err != nil {
		return err
	}
	rows, err := selectReporters(ctx, q, communityID, ids)
	if err != nil {
		return err
	}
	memberIDs := make([]string, len(rows))
	for i, row := range rows {
		memberIDs[i] = row.userID
	}
	found, err := member.Lookup(ctx, q, communityID, member.KeySet{IDs: memberIDs}, false)
	if err != nil {
		return err
	}
	members := map[string]directory.Person{}
	for _, who := range found {
		if who.IsMember() {
			members[who.ID] = directory.Person{ID: who.ID, Number: who.Number, Username: who.Username}
		}
	}
	reporters := map[string][]Reporter{}
	for _, row := range rows {
		reporters[row.reportID] = append(reporters[row.reportID], Reporter{Member: members[row.userID], Reason: row.reason, At: row.at})
	}
	for i := range list {
		list[i].Reporters = reporters[list[i].ID]
		if seen, ok := messages[list[i].MessageID]; ok {
			list[i].Message = &seen
		}
	}
	return nil
}
