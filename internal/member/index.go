package member

import (
	"context"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// entry is a row of the index of values. country is denormalised so that a
// country filter needs no join.
type entry struct{ fieldID, key, userID, country string }

// indexNew adds members that are being inserted to the index, in the caller's
// transaction. rows are of the table members.
func indexNew(ctx context.Context, tx *sqldb.Tx, communityID string, rows sqldb.Rows) error {
	fields, err := filterable(ctx, tx, communityID)
	if err != nil || len(fields) == 0 {
		return err
	}
	userID, country, document := columnOf(rows, "user_id"), columnOf(rows, "country"), columnOf(rows, "fields")
	var list []entry
	row := make([]any, len(rows.Columns))
	for i := range rows.N {
		rows.Fill(i, row)
		values, err := field.DecodeValues(row[document].(string))
		if err != nil {
			return err
		}
		list = appendEntries(list, fields, row[userID].(string), row[country].(string), values)
	}
	return InsertEntries(ctx, tx, communityID, list)
}

func columnOf(rows sqldb.Rows, name string) int {
	for i, column := range rows.Columns {
		if column == name {
			return i
		}
	}
	panic("member: no column " + name) //nolint:forbidigo // a bug
}

// reindex updates the index for members that are about to be written, in the
// caller's transaction.
func reindex(ctx context.Context, tx *sqldb.Tx, communityID string, records []*Record) error {
	fields, err := filterable(ctx, tx, communityID)
	if err != nil || len(fields) == 0 {
		return err
	}
	ids := make([]string, len(records))
	var wanted []entry
	for i, r := range records {
		ids[i] = r.ID
		wanted = appendEntries(wanted, fields, r.ID, r.Country, r.Values)
	}
	stored, err := storedEntries(ctx, tx, communityID, ids, fields)
	if err != nil {
		return err
	}
	there := make(map[entry]bool, len(stored))
	for _, e := range stored {
		there[e] = true
	}
	var fresh []entry
	for _, e := range wanted {
		if !there[e] {
			fresh = append(fresh, e)
		}
		delete(there, e)
	}
	gone := make([]entry, 0, len(there))
	for e := range there {
		gone = append(gone, e)
	}
	if err := DeleteEntries(ctx, tx, communityID, gone); err != nil {
		return err
	}
	return InsertEntries(ctx, tx, communityID, fresh)
}

// unindex removes members that are about to be deleted from the index, in the
// caller's transaction.
func unindex(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	fields, err := filterable(ctx, tx, communityID)
	if err != nil || len(fields) == 0 {
		return err
	}
	stored, err := storedEntries(ctx, tx, communityID, ids, fields)
	if err != nil {
		return err
	}
	return DeleteEntries(ctx, tx, communityID, stored)
}

func appendEntries(list []entry, fields []field.Field, userID, country string, values field.Values) []entry {
	for i := range fields {
		for _, key := range field.Keys(values.Get(fields[i].Field)) {
			list = append(list, entry{fields[i].ID, key, userID, country})
		}
	}
	return list
}

// storedEntries returns the index entries of the stored rows of members.
func storedEntries(ctx context.Context, q sqldb.Querier, communityID string, ids []string, fields []field.Field) ([]entry, error) {
	documents, err := selectDocuments(ctx, q, communityID, ids)
	if err != nil {
		return nil, err
	}
	return EntriesOf(documents, fields)
}

// EntriesOf returns the index entries of stored values.
func EntriesOf(documents []Document, fields []field.Field) (list []entry, err error) {
	for _, d := range documents {
		values, err := field.DecodeValues(d.Text)
		if err != nil {
			return nil, err
		}
		list = appendEntries(list, fields, d.UserID, d.Country, values)
	}
	return list, nil
}

// GuardFields waits for all writers of values of the community, and blocks them
// until the transaction ends.
func GuardFields(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return tx.LockExclusive(ctx, "field_definitions "+communityID)
}
