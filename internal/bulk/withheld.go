package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// The kinds of names in a row. An email has the hash of a decline instead.
const (
	idSubject       = "id"
	numberSubject   = "number"
	usernameSubject = "username"
)

// subject is the hash by which a withheld person is found in a row.
func subject(communityID, kind, name string) string {
	sum := sha256.Sum256([]byte("withheld " + communityID + " " + kind + " " + name))
	return hex.EncodeToString(sum[:])
}

// Withhold excludes members that are erased from the details of the community's
// jobs so far, in the caller's transaction. It is for member.OnErase.
func (b *Bulk) Withhold(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	kept, err := keepsFiles(ctx, tx, communityID)
	if err != nil || !kept {
		return err
	}
	names, err := namesOfMembers(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	subjects := make([]string, 0, 4*len(names))
	for _, n := range names {
		subjects = append(subjects, subject(communityID, idSubject, n.id), subject(communityID, numberSubject, strconv.FormatInt(n.number, 10)),
			subject(communityID, usernameSubject, n.usernameKey), member.AddressHash(communityID, n.emailKey))
	}
	return insertWithheld(ctx, tx, communityID, subjects, b.clock.MS())
}

// uploadedAt returns the time at which the file of a job was stored, in Unix
// milliseconds. Jobs of a draft and applied dry runs are younger than their file.
func (j *job) uploadedAt() int64 {
	if !id.Valid(j.FileID) {
		return j.CreatedAt
	}
	return min(j.CreatedAt, id.Time(j.FileID))
}

// subjects returns the hashes of all names of a person in a row.
func (l *look) subjects(rec *record, r *row) []string {
	var list []string
	if rec.UserID != "" {
		list = append(list, subject(l.communityID, idSubject, rec.UserID))
	}
	switch {
	case r.emailKey != "":
		list = append(list, member.AddressHash(l.communityID, r.emailKey))
	case r.usernameKey != "":
		list = append(list, subject(l.communityID, usernameSubject, r.usernameKey))
	}
	switch {
	case id.Valid(r.userRef):
		list = append(list, subject(l.communityID, idSubject, r.userRef))
	case r.userRef != "":
		list = append(list, subject(l.communityID, numberSubject, r.userRef))
	}
	return list
}

// withheld reports for each list of subjects whether its person is withheld.
func (b *Bulk) withheld(ctx context.Context, l *look, lists [][]string) ([]bool, error) {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}
	found, err := selectWithheld(ctx, b.db, l.communityID, l.uploadedAt, all)
	if err != nil {
		return nil, err
	}
	hidden := make([]bool, len(lists))
	for i, list := range lists {
		for _, s := range list {
			hidden[i] = hidden[i] || found[s]
		}
	}
	return hidden, nil
}

const withheldMessage = "The data of this person was erased."

// erased is the detail of a withheld row: its line, outcome and codes.
func (d Detail) erased() Detail {
	rest := Detail{Line: d.Line, UserID: d.UserID, Outcome: d.Outcome, Changes: []Change{}, Errors: make([]Problem, len(d.Errors)), Removed: d.Removed, Withheld: true}
	for i, p := range d.Errors {
		rest.Errors[i] = Problem{Column: p.Column, Code: p.Code, Message: withheldMessage}
	}
	return rest
}

// failedRow is a row for the file of failed rows.
type failedRow struct {
	cells    []string
	subjects []string
}

// failedBatch are rows that wait until it is known which of them are withheld.
type failedBatch struct {
	bulk  *Bulk
	look  *look
	out   *sheet.Writer
	rows  []failedRow
	bytes int
}

func (f *failedBatch) add(ctx context.Context, r failedRow) error {
	f.rows = append(f.rows, r)
	for _, cell := range r.cells {
		f.bytes += len(cell)
	}
	if len(f.rows) < 500 && f.bytes < 1<<20 {
		return nil
	}
	return f.flush(ctx)
}

func (f *failedBatch) flush(ctx context.Context) error {
	lists := make([][]string, len(f.rows))
	for i, r := range f.rows {
		lists[i] = r.subjects
	}
	hidden, err := f.bulk.withheld(ctx, f.look, lists)
	if err != nil {
		return err
	}
	for i, r := range f.rows {
		if hidden[i] {
			continue
		}
		if err := f.out.Write(r.cells); err != nil {
			return err
		}
	}
	f.rows, f.bytes = f.rows[:0], 0
	return nil
}

// sweepWithheld deletes the hashes of persons that were erased before the oldest
// kept file was stored. A file is older than the job of a draft by a day at
// most, and than the job that applies a dry run by little more.
func (b *Bulk) sweepWithheld(ctx context.Context) error {
	return b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		oldest, err := oldestKept(ctx, tx, b.clock.MS())
		if err != nil {
			return err
		}
		return deleteWithheld(ctx, tx, oldest-(7*24*time.Hour).Milliseconds())
	})
}
