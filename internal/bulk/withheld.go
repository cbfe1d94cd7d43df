package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/mapping"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// The kinds of names in a row. Emails have the hash of member.AddressHash
// instead.
const (
	idSubject       = "id"
	numberSubject   = "number"
	usernameSubject = "username"
)

// subject is the hash of a name of an erased person.
func subject(communityID, kind, name string) string {
	sum := sha256.Sum256([]byte("withheld " + communityID + " " + kind + " " + name))
	return hex.EncodeToString(sum[:])
}

// EraseMembers erases the names of members from the jobs that they started, and
// excludes them from the details of the community's jobs so far, in the caller's
// transaction. It is a roster.Eraser.
func (b *Bulk) EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	refs, err := member.ActorRefs(ctx, tx, communityID, userIDs)
	if err != nil {
		return err
	}
	if err := job.EraseActorNames(ctx, tx, communityID, refs); err != nil {
		return err
	}
	if err := mapping.EraseActorNames(ctx, tx, communityID, refs); err != nil {
		return err
	}
	return b.withhold(ctx, tx, communityID, userIDs)
}

func (b *Bulk) withhold(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	kept, err := job.HasFiles(ctx, tx, communityID)
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

// subjects returns the hashes of all names in a row.
func (l *rowReader) subjects(rec *outcome.Record, r *source.Row) []string {
	var list []string
	if rec.UserID != "" {
		list = append(list, subject(l.communityID, idSubject, rec.UserID))
	}
	switch {
	case r.EmailKey != "":
		list = append(list, member.AddressHash(l.communityID, r.EmailKey))
	case r.UsernameKey != "":
		list = append(list, subject(l.communityID, usernameSubject, r.UsernameKey))
	}
	switch {
	case id.Valid(r.UserRef):
		list = append(list, subject(l.communityID, idSubject, r.UserRef))
	case r.UserRef != "":
		list = append(list, subject(l.communityID, numberSubject, r.UserRef))
	}
	return list
}

// withheld reports for each list of subjects whether it has an erased person.
func (b *Bulk) withheld(ctx context.Context, l *rowReader, lists [][]string) ([]bool, error) {
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

// erased returns the detail of a withheld row: its line, outcome and codes.
func (d Detail) erased() Detail {
	rest := Detail{Line: d.Line, UserID: d.UserID, Outcome: d.Outcome, Changes: []Change{}, Errors: make([]source.RowError, len(d.Errors)), Removed: d.Removed, Withheld: true}
	for i, p := range d.Errors {
		rest.Errors[i] = source.RowError{Column: p.Column, Code: p.Code, Message: errs.Constant(withheldMessage)}
	}
	return rest
}

// sweepWithheld deletes the hashes of persons that were erased before the oldest
// file was stored. A file is older than the job of a draft by a day at most, and
// than the job that applies a dry run by little more.
func (b *Bulk) sweepWithheld(ctx context.Context) error {
	return b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		oldest, err := job.OldestWithFile(ctx, tx, b.clock.MS())
		if err != nil {
			return err
		}
		return deleteWithheld(ctx, tx, oldest-(7*24*time.Hour).Milliseconds())
	})
}
