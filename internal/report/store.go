package report

import (
	"context"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const reportColumns = "id, message_id, author_id, source, status, action, reason, actor, actor_name, penalty_id, resolved_at, created_at"

func scanReport(s sqldb.Scanner) (r Report, err error) {
	by := &r.Resolution
	return r, s.Scan(&r.ID, &r.MessageID, &r.AuthorID, &r.Source, &r.Status, &by.Action, &by.Reason, &by.Actor, &by.ActorName, &by.PenaltyID, &by.At, &r.CreatedAt)
}

// insertReport inserts an open report, or opens the one of the message that was resolved
// before an instant.
func insertReport(ctx context.Context, tx *sqldb.Tx, communityID string, r Report, before int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO reports (community_id, "+reportColumns+`) VALUES ($1, $2, $3, $4, $5, $6, '', '', '', '', '', 0, $7)
		ON CONFLICT (community_id, message_id) DO UPDATE SET status = excluded.status, action = '', reason = '', actor = '', actor_name = '', penalty_id = '', resolved_at = 0
		WHERE reports.resolved_at < $8`,
		communityID, r.ID, r.MessageID, r.AuthorID, r.Source, r.Status, r.CreatedAt, before)
	return err
}

func lockOfMessage(ctx context.Context, tx *sqldb.Tx, communityID, messageID string) (Report, error) {
	return sqldb.One(ctx, tx, "report", scanReport, "SELECT "+reportColumns+" FROM reports WHERE community_id = $1 AND message_id = $2 "+tx.Dialect().Lock(), communityID, messageID)
}

func load(ctx context.Context, q sqldb.Querier, communityID, reportID string) (Report, error) {
	return sqldb.One(ctx, q, "report", scanReport, "SELECT "+reportColumns+" FROM reports WHERE community_id = $1 AND id = $2", communityID, reportID)
}

// lock is load for a change.
func lock(ctx context.Context, tx *sqldb.Tx, communityID, reportID string) (Report, error) {
	return sqldb.One(ctx, tx, "report", scanReport, "SELECT "+reportColumns+" FROM reports WHERE community_id = $1 AND id = $2 "+tx.Dialect().Lock(), communityID, reportID)
}

// selectReports returns reports of a status after an id, "" for the first: open ones from
// the oldest on, resolved ones from the newest on.
func selectReports(ctx context.Context, q sqldb.Querier, communityID, status, after string, limit int) ([]Report, error) {
	condition := "id > $3 ORDER BY id"
	if status == Resolved {
		condition = "id < $3 ORDER BY id DESC"
		if after == "" {
			after = id.Max
		}
	}
	return sqldb.All(ctx, q, scanReport, "SELECT "+reportColumns+" FROM reports WHERE community_id = $1 AND status = $2 AND "+condition+" LIMIT $4", communityID, status, after, limit)
}

func setResolved(ctx context.Context, tx *sqldb.Tx, communityID string, r Report) error {
	by := r.Resolution
	_, err := tx.Exec(ctx, "UPDATE reports SET status = $3, action = $4, reason = $5, actor = $6, actor_name = $7, penalty_id = $8, resolved_at = $9 WHERE community_id = $1 AND id = $2",
		communityID, r.ID, r.Status, by.Action, by.Reason, by.Actor, by.ActorName, by.PenaltyID, by.At)
	return err
}

// insertReporter adds a reporter; added is false for one that the report has.
func insertReporter(ctx context.Context, tx *sqldb.Tx, communityID, reportID, userID, reason string, now int64) (added bool, err error) {
	n, err := tx.Exec(ctx, `INSERT INTO report_reporters (community_id, report_id, user_id, reason, reported_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (community_id, report_id, user_id) DO NOTHING`, communityID, reportID, userID, reason, now)
	return n == 1, err
}

type reporterRow struct {
	reportID, userID, reason string
	at                       int64
}

func selectReporters(ctx context.Context, q sqldb.Querier, communityID string, reportIDs []string) ([]reporterRow, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (r reporterRow, err error) {
		return r, s.Scan(&r.reportID, &r.userID, &r.reason, &r.at)
	}, "SELECT report_id, user_id, reason, reported_at FROM report_reporters WHERE community_id = $1 AND "+q.Dialect().In("report_id", "$2")+" ORDER BY reported_at, user_id",
		communityID, sqldb.Keys(reportIDs))
}

func idsOfAuthors(ctx context.Context, q sqldb.Querier, communityID string, memberIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM reports WHERE community_id = $1 AND "+q.Dialect().In("author_id", "$2"), communityID, sqldb.Keys(memberIDs))
}

// eraseMembers removes members as authors of the reports ids, as reporters, and as actors
// refs.
func eraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs, refs, ids []string) error {
	d := tx.Dialect()
	for _, one := range []struct {
		statement string
		keys      []string
	}{
		{"UPDATE reports SET author_id = '', reason = '' WHERE community_id = $1 AND " + d.In("id", "$2"), ids},
		{"UPDATE report_reporters SET reason = '' WHERE community_id = $1 AND " + d.In("report_id", "$2"), ids},
		{"UPDATE report_reporters SET reason = '', user_id = " + d.RandomID() + " WHERE community_id = $1 AND " + d.In("user_id", "$2"), memberIDs},
		{"UPDATE reports SET actor_name = '' WHERE community_id = $1 AND " + d.In("actor", "$2"), refs},
	} {
		if _, err := tx.Exec(ctx, one.statement, communityID, sqldb.Keys(one.keys)); err != nil {
			return err
		}
	}
	return nil
}
