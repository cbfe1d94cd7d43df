package report

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/wordlist"
	"github.com/regulars/regulars/internal/sqldb"
)

// Feature describes the package to the application.
func (r *Reports) Feature() feature.Feature {
	return feature.Feature{
		Name:         "report",
		EraseMembers: EraseMembers,
		AuditVerbs:   []audit.Verb{"report.resolve"},
		Consumers: []event.Consumer{{
			Name: "report.alert_words", Types: []string{message.EventPosted, message.EventUpdated}, Delay: alertDelay, Conversations: true, Handle: r.reportAlerts,
		}},
	}
}

// alertDelay collects messages that are examined together.
const alertDelay = 500 * time.Millisecond

// reportAlerts reports the messages of a batch that have an alert word of their community.
func (r *Reports) reportAlerts(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
	lists, err := wordlist.Of(ctx, tx, batch[0].CommunityID)
	if err != nil {
		return err
	}
	for i := range batch {
		e := &batch[i]
		if e.Erased {
			continue
		}
		var data message.EventMessage
		if err := e.Decode(&data); err != nil {
			return err
		}
		if _, found := lists.Alert.Find(data.Message.Text); !found {
			continue
		}
		written, err := writtenAt(&data.Message)
		if err != nil {
			return err
		}
		now := r.d.Clock.Now()
		one := Report{ID: id.New(now), MessageID: data.Message.ID, AuthorID: e.UserID, Source: ByAlertWord, Status: Open, CreatedAt: now.UnixMilli()}
		if _, err := put(ctx, tx, e.CommunityID, one, written); err != nil {
			return err
		}
	}
	return nil
}

// writtenAt returns when the text of a message was written, in Unix milliseconds.
func writtenAt(one *message.View) (int64, error) {
	text := one.Timestamp
	if one.EditedAt != nil {
		text = *one.EditedAt
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at.UnixMilli(), err
}

// EraseMembers removes members from reports, in the caller's transaction: as authors and
// reporters, with their reasons and those about them. The numbers of reports and reporters
// stay. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	ids, err := idsOfAuthors(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	if err := audit.Anonymise(ctx, tx, communityID, nil, ids); err != nil {
		return err
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	return eraseMembers(ctx, tx, communityID, memberIDs, refs, ids)
}
