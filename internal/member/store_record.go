package member

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/keyscan"
	"github.com/regulars/regulars/internal/sqldb/rowbuffer"
)

// KeySet is a set of keys of members. Keys are normalised as in package
// account.
type KeySet struct {
	Emails    []string
	Usernames []string
	IDs       []string
	Numbers   []string // decimal, within 64 bits
}

var recordColumns = []string{
	"user_id", "state", "owner", "display_name", "first_name", "last_name", "phone", "country", "language", "roles", "tags", "fields", "joined_at", "updated_at",
	"account_id", "number", "email", "email_key", "username", "username_key",
}

func (r *Record) read(texts []string) (err error) {
	r.ID, r.State, r.Owner, r.DisplayName, r.FirstName, r.LastName = texts[0], texts[1], sqldb.ParseBool(texts[2]), texts[3], texts[4], texts[5]
	r.Phone, r.Country, r.Language = texts[6], texts[7], texts[8]
	r.AccountID, r.Email, r.EmailKey, r.Username, r.UsernameKey = texts[14], texts[16], texts[17], texts[18], texts[19]
	if r.RoleIDs, err = field.DecodeIDs(texts[9]); err != nil {
		return err
	}
	if r.TagIDs, err = field.DecodeIDs(texts[10]); err != nil {
		return err
	}
	if r.Values, err = field.DecodeValues(texts[11]); err != nil {
		return err
	}
	for _, n := range [...]struct {
		into *int64
		text string
	}{{&r.JoinedAt, texts[12]}, {&r.UpdatedAt, texts[13]}, {&r.Number, texts[15]}} {
		if *n.into, err = strconv.ParseInt(n.text, 10, 64); err != nil {
			return err
		}
	}
	return nil
}

// Lookup returns the members, in any state, that match a key, each once and in
// the order of their ids. With forUpdate the rows are locked and read after the
// lock: a member that was renamed meanwhile may no longer match.
func Lookup(ctx context.Context, q sqldb.Querier, communityID string, keys KeySet, forUpdate bool) ([]*Record, error) {
	ids, err := idsOf(ctx, q, communityID, keys)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	people := make([]*Record, 0, len(ids))
	block := make([]Record, len(ids))
	scan := keyscan.Scan{Table: "members", Columns: recordColumns, Where: "community_id = $1", Arg: communityID, Keys: ids, Lock: forUpdate}
	err = scan.Each(ctx, q, func(texts []string) error {
		r := &block[len(people)]
		people = append(people, r)
		return r.read(texts)
	})
	slices.SortFunc(people, func(a, b *Record) int { return strings.Compare(a.ID, b.ID) })
	return people, err
}

// idsOf returns the ids of the members that match a key, sorted and each once.
func idsOf(ctx context.Context, q sqldb.Querier, communityID string, keys KeySet) ([]string, error) {
	d := q.Dialect()
	ids := slices.Clone(keys.IDs)
	for _, by := range []struct {
		from string
		keys []string
	}{
		{d.FromKeys("members", "email_key", "$2") + " AND community_id = $1", keys.Emails},
		{d.FromKeys("members", "username_key", "$2") + " AND community_id = $1", keys.Usernames},
		{"members WHERE community_id = $1 AND " + d.InNumbers("number", "$2"), keys.Numbers},
	} {
		if len(by.keys) == 0 {
			continue
		}
		sorted := slices.Compact(slices.Sorted(slices.Values(by.keys))) // does not change the caller's list
		err := sqldb.ScanStrings(ctx, q, []string{"user_id"}, "FROM "+by.from, []any{communityID, sqldb.Keys(sorted)}, func(texts []string) error {
			ids = append(ids, texts[0])
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// IDByAccount returns the id of the member of an account, "" if there is none.
func IDByAccount(ctx context.Context, q sqldb.Querier, communityID, accountID string) (string, error) {
	ids, err := sqldb.All(ctx, q, sqldb.Value[string],
		"SELECT user_id FROM members WHERE account_id = $1 AND account_id <> '' AND community_id = $2", accountID, communityID)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// Insert adds members in the caller's transaction, allocates missing numbers,
// and updates the number of members. An id, email, username or account in use
// makes it fail as a duplicate.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID string, records []*Record) error {
	missing := 0
	for _, r := range records {
		if r.Number == 0 {
			missing++
		}
	}
	fresh, err := account.AllocateNumbers(ctx, tx, missing)
	if err != nil {
		return err
	}
	numbers := make([]int64, len(records))
	for i, r := range records {
		if numbers[i] = r.Number; r.Number == 0 {
			numbers[i], fresh = fresh[0], fresh[1:]
		}
	}
	return insertRows(ctx, tx, communityID, newRows(communityID, records), numbers, active(records))
}

func active(records []*Record) (n int64) {
	for _, r := range records {
		n += activeCount(r.State)
	}
	return n
}

// Packed buffers members of one community for InsertPacked, in compact form.
type Packed struct {
	rows   rowbuffer.Buffer
	active int64
}

// Add adds members without numbers.
func (p *Packed) Add(communityID string, records []*Record) {
	p.rows.Add(newRows(communityID, records))
	p.active += active(records)
}

// Bytes is the approximate size in memory.
func (p *Packed) Bytes() int { return p.rows.Bytes() }

// Reset empties the buffer and reuses its memory.
func (p *Packed) Reset() {
	p.rows.Reset()
	p.active = 0
}

// InsertPacked is Insert for packed members.
func InsertPacked(ctx context.Context, tx *sqldb.Tx, communityID string, p *Packed) error {
	numbers, err := account.AllocateNumbers(ctx, tx, p.rows.Len())
	if err != nil {
		return err
	}
	return insertRows(ctx, tx, communityID, p.rows.SortedBy("email_key"), numbers, p.active)
}

func insertRows(ctx context.Context, tx *sqldb.Tx, communityID string, rows sqldb.Rows, numbers []int64, active int64) error {
	if err := endWatches(ctx, tx, communityID, tagsIn(rows)); err != nil {
		return err
	}
	if err := tx.InsertRows(ctx, rows.WithColumn("number", numbers)); err != nil {
		return err
	}
	if err := indexNew(ctx, tx, communityID, rows); err != nil {
		return err
	}
	return count(ctx, tx, communityID, active)
}

func newRows(communityID string, records []*Record) sqldb.Rows {
	columns := []string{"community_id", "user_id", "state", "owner", "display_name", "first_name", "last_name", "name_key", "phone", "country", "language", "roles", "tags", "fields", "joined_at", "updated_at", "account_id", "email", "email_key", "username", "username_key"}
	return sqldb.Rows{Table: "members", Columns: columns, N: len(records), Fill: func(i int, row []any) {
		r := records[i]
		row[16], row[17], row[18], row[19], row[20] = r.AccountID, r.Email, r.EmailKey, r.Username, r.UsernameKey
		row[0], row[1], row[2], row[3], row[4] = communityID, r.ID, r.State, r.Owner, r.DisplayName
		row[5], row[6], row[7], row[8], row[9], row[10] = r.FirstName, r.LastName, r.nameKey(), r.Phone, r.Country, r.Language
		row[11], row[12], row[13], row[14], row[15] = field.EncodeIDs(r.RoleIDs), field.EncodeIDs(r.TagIDs), r.Values.Encode(), r.JoinedAt, r.UpdatedAt
	}}
}

// Update writes records, in the caller's transaction, except account, number,
// email, username, state and ownership.
func Update(ctx context.Context, tx *sqldb.Tx, communityID string, records []*Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := endWatches(ctx, tx, communityID, tagsOf(records)); err != nil {
		return err
	}
	if err := reindex(ctx, tx, communityID, records); err != nil {
		return err
	}
	columns := []string{"community_id", "user_id", "first_name", "last_name", "name_key", "phone", "country", "language", "roles", "tags", "fields", "updated_at"}
	return tx.UpdateRows(ctx, 2, sqldb.Rows{Table: "members", Columns: columns, N: len(records), Fill: func(i int, row []any) {
		r := records[i]
		row[0], row[1], row[2], row[3], row[4] = communityID, r.ID, r.FirstName, r.LastName, r.nameKey()
		row[5], row[6], row[7] = r.Phone, r.Country, r.Language
		row[8], row[9], row[10], row[11] = field.EncodeIDs(r.RoleIDs), field.EncodeIDs(r.TagIDs), r.Values.Encode(), r.UpdatedAt
	}})
}

// Remove deletes active members with their identifiers and histories, in the
// caller's transaction. Accounts stay. now is in Unix milliseconds.
func Remove(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string, now int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := unindex(ctx, tx, communityID, ids); err != nil {
		return err
	}
	list := sqldb.Keys(ids)
	removed, err := tx.Exec(ctx, "DELETE FROM members WHERE community_id = $1 AND state = 'active' AND "+tx.Dialect().In("user_id", "$2"), communityID, list)
	if err != nil {
		return err
	}
	for _, table := range []string{"field_history", "member_identifiers", "member_links"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, list); err != nil {
			return err
		}
	}
	if err := transfer.CancelOf(ctx, tx, actor.Actor{}, communityID, ids, now); err != nil {
		return err
	}
	if err := event.EraseMembers(ctx, tx, communityID, ids); err != nil {
		return err
	}
	return count(ctx, tx, communityID, -removed)
}

// Rename is the new username of a member.
type Rename struct{ ID, Username, UsernameKey string }

// RenameAll changes usernames, all at once, so that members can exchange
// theirs, in the caller's transaction. A username in use makes it fail as a
// duplicate. It writes no history.
func RenameAll(ctx context.Context, tx *sqldb.Tx, communityID string, renames []Rename) error {
	// Through keys that no username has.
	err := tx.UpdateRows(ctx, 2, sqldb.Rows{
		Table: "members", Columns: []string{"community_id", "user_id", "username_key"}, N: len(renames),
		Fill: func(i int, row []any) { row[0], row[1], row[2] = communityID, renames[i].ID, "~"+renames[i].ID },
	})
	if err != nil {
		return err
	}
	return tx.UpdateRows(ctx, 2, sqldb.Rows{
		Table: "members", Columns: []string{"community_id", "user_id", "username", "username_key"}, N: len(renames),
		Fill: func(i int, row []any) {
			r := &renames[i]
			row[0], row[1], row[2], row[3] = communityID, r.ID, r.Username, r.UsernameKey
		},
	})
}

const shards = 16

// count adds to the number of members of a community. Writers are spread over
// shards to avoid contention.
func count(ctx context.Context, tx *sqldb.Tx, communityID string, delta int64) error {
	if delta == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO member_counts (community_id, shard, total) VALUES ($1, $2, $3)
		ON CONFLICT (community_id, shard) DO UPDATE SET total = member_counts.total + excluded.total`, communityID, rand.Int64N(shards), delta)
	return err
}

// Identifier is the value of an identifier field of a member.
type Identifier struct {
	FieldID string
	Key     string
	UserID  string
}

// IdentifierKey returns the key by which values of identifier fields are
// compared.
func IdentifierKey(value any) string {
	text, ok := value.(string)
	if !ok {
		return strings.Trim(field.EncodeJSON(value), `"`)
	}
	return strings.ToLower(text)
}

// Identifiers returns the stored identifiers of a field with some keys.
func Identifiers(ctx context.Context, q sqldb.Querier, communityID, fieldID string, keys []string) ([]Identifier, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (Identifier, error) {
		i := Identifier{FieldID: fieldID}
		return i, s.Scan(&i.Key, &i.UserID)
	}, "SELECT key, user_id FROM member_identifiers WHERE community_id = $1 AND field_id = $2 AND "+q.Dialect().In("key", "$3"), communityID, fieldID, sqldb.Keys(keys))
}

// SetIdentifiers deletes the identifiers gone and inserts held, in the caller's
// transaction. A key in use makes it fail as a duplicate.
func SetIdentifiers(ctx context.Context, tx *sqldb.Tx, communityID string, gone, held []Identifier) error {
	if err := deleteIdentifiers(ctx, tx, communityID, gone); err != nil {
		return err
	}
	return tx.InsertRows(ctx, sqldb.Rows{Table: "member_identifiers", Columns: []string{"community_id", "field_id", "key", "user_id"}, N: len(held), Fill: func(i int, row []any) {
		row[0], row[1], row[2], row[3] = communityID, held[i].FieldID, held[i].Key, held[i].UserID
	}})
}

// deleteIdentifiers runs one statement for each field. A key belongs to one
// member, so key and member need no pairing.
func deleteIdentifiers(ctx context.Context, tx *sqldb.Tx, communityID string, gone []Identifier) error {
	type list struct{ keys, users []string }
	byField := map[string]*list{}
	for _, i := range gone {
		l := byField[i.FieldID]
		if l == nil {
			l = &list{}
			byField[i.FieldID] = l
		}
		l.keys, l.users = append(l.keys, i.Key), append(l.users, i.UserID)
	}
	for _, fieldID := range slices.Sorted(maps.Keys(byField)) {
		l := byField[fieldID]
		if _, err := tx.Exec(ctx, "DELETE FROM member_identifiers WHERE community_id = $1 AND field_id = $2 AND "+tx.Dialect().In("key", "$3")+" AND "+tx.Dialect().In("user_id", "$4"),
			communityID, fieldID, sqldb.Keys(l.keys), sqldb.Keys(l.users)); err != nil {
			return err
		}
	}
	return nil
}
