// Package application has the applications of members for badges and the decisions of
// moderators.
package application

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Statuses of applications.
const (
	Pending  = "pending"
	Approved = "approved"
	Rejected = "rejected"
)

// Statuses are all statuses.
var Statuses = []string{Pending, Approved, Rejected}

// Limits of applications.
const (
	MaxText        = 2_000 // characters
	MaxAttachments = 5
	maxReason      = 500 // characters
)

// Application is a member's request for a badge.
type Application struct {
	ID            string
	BadgeID       string
	UserID        string
	Text          string
	Attachments   []string // ids of pictures
	Status        string
	Reason        string // of the decision
	DecidedBy     string // actor.Actor.Ref; "": pending
	DecidedByName string // at that time; "" after erasure
	DecidedAt     int64  // Unix milliseconds; 0: pending
	CreatedAt     int64  // Unix milliseconds

	Badge  badge.Badge      // set by lists
	Member directory.Person // the applicant, set by lists; zero after deletion
}

// Deps are the dependencies of Applications.
type Deps struct {
	DB      *sqldb.DB
	Clock   clock.Clock
	Access  *access.Access
	Awards  *award.Awards
	BaseURL func() string
}

// Applications are the applications of all communities. It is safe for concurrent use.
type Applications struct{ d Deps }

// New returns the Applications of a database.
func New(d Deps) *Applications { return &Applications{d} }

// URL returns the address of an attachment.
func (s *Applications) URL(communityID, pictureID string) string {
	return s.d.BaseURL() + media.Path(communityID, pictureID)
}

// Create applies for a custom badge in the name of the actor's member; attachments are
// images that the member has uploaded. It fails with Forbidden "person_required" for a key
// of a community, as access.Can does for GetMessages, with NotFound "badge_not_found" or
// "image_not_found", Invalid "invalid_input" or "attachment_required", or Conflict
// "not_custom", "already_applied" or "already_awarded".
func (s *Applications) Create(ctx context.Context, caller actor.Actor, communityID, badgeID, content string, attachments []string) (Application, error) {
	if err := s.d.Access.CanAsPerson(caller, []actor.Permission{permission.AnyPerson}); err != nil {
		return Application{}, err
	}
	if err := s.d.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return Application{}, err
	}
	content, err := checkInput(content, attachments)
	if err != nil {
		return Application{}, err
	}
	var created Application
	return created, s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		b, err := badge.Load(ctx, tx, communityID, badgeID)
		if err != nil {
			return err
		}
		who, err := s.lockSelf(ctx, tx, caller, communityID)
		if err != nil {
			return err
		}
		if err := s.checkOpen(ctx, tx, communityID, b, who.ID, len(attachments)); err != nil {
			return err
		}
		now := s.d.Clock.Now()
		created = Application{ID: id.New(now), BadgeID: b.ID, UserID: who.ID, Text: content, Status: Pending, CreatedAt: now.UnixMilli(), Badge: b, Member: personOf(who)}
		if created.Attachments, err = s.attach(ctx, tx, communityID, who.ID, attachments); err != nil {
			return err
		}
		added, err := insert(ctx, tx, communityID, created)
		if err == nil && !added {
			err = errs.New(errs.Conflict, "already_applied", "You have applied for this badge already. Wait for the decision.")
		}
		if err != nil {
			return err
		}
		data := EventApplication{who.EventUser(), award.EventBadge{ID: b.ID, Title: b.Title}, created.ID}
		return member.AppendEvent(ctx, tx, caller, now.UnixMilli(), communityID, EventApplied, who, data)
	})
}

func checkInput(content string, attachments []string) (string, error) {
	var wrong []errs.Field
	content = strings.TrimSpace(strings.ReplaceAll(content, "\r\n", "\n"))
	if utf8.RuneCountInString(content) > MaxText || text.FirstUnreadable(content, true) != 0 {
		wrong = append(wrong, errs.Wrong("text", "invalid", "A text has at most %d characters.", MaxText))
	}
	sorted := slices.Sorted(slices.Values(attachments))
	if len(attachments) > MaxAttachments || len(slices.Compact(sorted)) < len(attachments) {
		wrong = append(wrong, errs.Wrong("attachments", "too_many", "An application has at most %d different attachments.", MaxAttachments))
	}
	return content, errs.InvalidFields(wrong)
}

// lockSelf locks the actor's member.
func (s *Applications) lockSelf(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string) (*member.Record, error) {
	self, err := directory.Self(ctx, tx, caller, communityID)
	if err != nil {
		return nil, err
	}
	return member.LockMember(ctx, tx, communityID, self.ID)
}

// checkOpen checks that a member may apply for a badge.
func (s *Applications) checkOpen(ctx context.Context, tx *sqldb.Tx, communityID string, b badge.Badge, memberID string, attachments int) error {
	if b.IsAutomatic() {
		return errs.New(errs.Conflict, "not_custom", "Nobody applies for this badge: members get it by what they do.")
	}
	if b.AttachmentRequired && attachments == 0 {
		return errs.New(errs.Invalid, "attachment_required", "Add an image to the application for this badge.")
	}
	has, err := award.Has(ctx, tx, communityID, b.ID, memberID)
	if err == nil && has {
		err = errs.New(errs.Conflict, "already_awarded", "You have this badge already.")
	}
	return err
}

// attach makes uploaded images pictures of a member and returns their ids.
func (s *Applications) attach(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, imageIDs []string) ([]string, error) {
	if len(imageIDs) == 0 {
		return []string{}, nil
	}
	found, err := image.Lock(ctx, tx, communityID, imageIDs)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(imageIDs))
	for i, imageID := range imageIDs {
		one, known := found[imageID]
		if !known || one.OwnerID != memberID || !one.Fresh(s.d.Clock.Now()) {
			return nil, errs.Missing("image")
		}
		p := media.Picture{
			ID: id.Secret(id.Size / 2), CommunityID: communityID, FileID: one.FileID, Kind: media.Application, OwnerID: memberID, Type: one.Type,
			Width: one.Width, Height: one.Height, SizeBytes: one.Size, CreatedAt: s.d.Clock.MS(),
		}
		if err := media.Insert(ctx, tx, p); err != nil {
			return nil, err
		}
		ids[i] = p.ID
	}
	return ids, nil
}

// Filter selects applications.
type Filter struct {
	Status  string // one of Statuses; "": all
	BadgeID string // "": of all badges
	Own     bool   // those of the actor's member, also for a moderator
	Cursor  string
	Limit   int
}

// List returns a page of the applications, the oldest one first, and the cursor of the
// next page, "" at the end: all for moderators, for others their own. It fails as
// access.Can does for Moderate and AnyMember, or with Invalid "invalid_cursor".
func (s *Applications) List(ctx context.Context, caller actor.Actor, communityID string, f Filter) ([]Application, string, error) {
	memberID, err := s.scope(ctx, caller, communityID, f.Own)
	if err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("badge applications", f.Status, f.BadgeID, memberID)
	after, err := cursors.ParseID(f.Cursor, "")
	if err != nil {
		return nil, "", err
	}
	list, err := selectPage(ctx, s.d.DB, communityID, f, memberID, after)
	if err != nil {
		return nil, "", err
	}
	list, next := cursor.Page(cursors, list, f.Limit, func(a *Application) string { return a.ID })
	return list, next, complete(ctx, s.d.DB, communityID, list)
}

// scope returns the member whose applications the actor sees; "": those of all.
func (s *Applications) scope(ctx context.Context, caller actor.Actor, communityID string, own bool) (string, error) {
	err := s.d.Access.Can(ctx, caller, communityID, permission.Moderate)
	if err == nil && !own {
		return "", nil
	}
	if err != nil && (errs.KindOf(err) != errs.Forbidden || s.d.Access.CanAsPerson(caller, []actor.Permission{permission.AnyPerson}) != nil) {
		return "", err
	}
	if err := s.d.Access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return "", err
	}
	self, err := directory.Self(ctx, s.d.DB, caller, communityID)
	return self.ID, err
}

// Decide approves an application, which awards the badge, or rejects it. It fails as
// access.Can does for Moderate, with NotFound "badge_application_not_found",
// "badge_not_found" or "user_not_found", Invalid "invalid_input" or Conflict
// "already_decided".
func (s *Applications) Decide(ctx context.Context, caller actor.Actor, communityID, applicationID string, approve bool, reason string) (Application, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Moderate); err != nil {
		return Application{}, err
	}
	reason, ok := text.Line(reason, maxReason)
	if !ok {
		return Application{}, errs.InvalidFields([]errs.Field{errs.Wrong("reason", "invalid", "A reason has at most %d characters.", maxReason)})
	}
	var decided Application
	return decided, s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		one, err := lock(ctx, tx, communityID, applicationID)
		if err != nil {
			return err
		}
		if one.Status != Pending {
			return errs.New(errs.Conflict, "already_decided", "This application is decided already.")
		}
		one.Status, one.Reason, one.DecidedBy, one.DecidedByName, one.DecidedAt = Rejected, reason, caller.Ref(), caller.Name, s.d.Clock.MS()
		if approve {
			one.Status = Approved
			if err := s.award(ctx, tx, caller, communityID, one); err != nil {
				return err
			}
		}
		if err := setDecided(ctx, tx, communityID, one); err != nil {
			return err
		}
		list := []Application{one}
		if err := complete(ctx, tx, communityID, list); err != nil {
			return err
		}
		decided = list[0]
		return audit.Record(ctx, tx, caller, one.DecidedAt, communityID, "badge_application.decide", audit.Target{Type: "badge_application", ID: one.ID, Name: decided.Badge.Title},
			audit.Change{Field: "status", Old: Pending, New: one.Status}, audit.Change{Field: "userId", New: one.UserID})
	})
}

func (s *Applications) award(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, one Application) error {
	b, err := badge.Load(ctx, tx, communityID, one.BadgeID)
	if err != nil {
		return err
	}
	if _, err := directory.Load(ctx, tx, communityID, one.UserID, member.Active); err != nil {
		return err
	}
	_, err = s.d.Awards.AwardAll(ctx, tx, communityID, []award.Grant{{Badge: b, UserID: one.UserID, Actor: caller}})
	return err
}

// complete adds the badges and the applicants to applications.
func complete(ctx context.Context, q sqldb.Querier, communityID string, list []Application) error {
	badgeIDs, memberIDs := make([]string, len(list)), make([]string, len(list))
	for i := range list {
		badgeIDs[i], memberIDs[i] = list[i].BadgeID, list[i].UserID
	}
	badges, err := badge.ByID(ctx, q, communityID, badgeIDs)
	if err != nil {
		return err
	}
	records, err := member.Lookup(ctx, q, communityID, member.KeySet{IDs: memberIDs}, false)
	if err != nil {
		return err
	}
	people := map[string]directory.Person{}
	for _, who := range records {
		if who.State != member.Deleted {
			people[who.ID] = personOf(who)
		}
	}
	for i := range list {
		list[i].Badge, list[i].Member = badges[list[i].BadgeID], people[list[i].UserID]
	}
	return nil
}

func personOf(who *member.Record) directory.Person {
	return directory.Person{ID: who.ID, Number: who.Number, Username: who.Username}
}

// EventApplied is the type of the event of an application.
const EventApplied = "badge.applied" // EventApplication

// EventApplication is the data of EventApplied.
type EventApplication struct {
	User          member.EventUser `json:"user"`
	Badge         award.EventBadge `json:"badge"`
	ApplicationID string           `json:"applicationId"`
}

var events = []event.Type{{Name: EventApplied, Member: "the applicant", Data: EventApplication{}, Description: "A member applied for a badge."}}
