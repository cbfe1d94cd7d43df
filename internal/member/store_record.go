package member

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/sqldb"
)

// KeySet names people in several ways at once. Keys are as auth makes them.
type KeySet struct {
	Emails    []string
	Usernames []string
	IDs       []string
	Numbers   []string // decimal texts that fit 64 bits
}

var accountColumns = []string{"id", "number", "email", "email_key", "username", "username_key", "communities", "installation_owner", "password_hash <> '' OR signed_in_at > 0"}

func (r *Record) readAccount(texts []string) (err error) {
	r.AccountID, r.Email, r.EmailKey, r.Username, r.UsernameKey = texts[0], texts[2], texts[3], texts[4], texts[5]
	r.InstallationOwner, r.Claimed = sqldb.Truth(texts[7]), sqldb.Truth(texts[8])
	if r.Number, err = strconv.ParseInt(texts[1], 10, 64); err != nil {
		return err
	}
	r.Communities, err = strconv.ParseInt(texts[6], 10, 64)
	return err
}

var recordColumns = []string{"user_id", "state", "owner", "display_name", "first_name", "last_name", "phone", "country", "language", "roles", "tags", "fields", "joined_at", "updated_at"}

// readMember reads the member's half of a record.
func (r *Record) readMember(texts []string) (err error) {
	r.State, r.Owner, r.DisplayName, r.FirstName, r.LastName = texts[1], sqldb.Truth(texts[2]), texts[3], texts[4], texts[5]
	r.Phone, r.Country, r.Language = texts[6], texts[7], texts[8]
	if r.RoleIDs, err = decodeIDs(texts[9]); err != nil {
		return err
	}
	if r.TagIDs, err = decodeIDs(texts[10]); err != nil {
		return err
	}
	if r.Values, err = decodeValues(texts[11]); err != nil {
		return err
	}
	if r.JoinedAt, err = strconv.ParseInt(texts[12], 10, 64); err != nil {
		return err
	}
	r.UpdatedAt, err = strconv.ParseInt(texts[13], 10, 64)
	return err
}

// Lookup returns everybody whom a key names, each once, with the member of
// the community where there is one. In a transaction that will write, the
// member rows stay locked until it ends; forUpdate says so.
func Lookup(ctx context.Context, q sqldb.Querier, communityID string, keys KeySet, forUpdate bool) ([]*Record, error) {
	var people []*Record
	d := q.Dialect()
	for from, wanted := range map[string][]string{
		d.Among("accounts", "email_key", "$1"): keys.Emails, d.Among("accounts", "username_key", "$1"): keys.Usernames,
		d.Among("accounts", "id", "$1"): keys.IDs, "accounts WHERE " + d.InNumbers("number", "$1"): keys.Numbers,
	} {
		found, err := lookupAccounts(ctx, q, from, wanted)
		if err != nil {
			return nil, err
		}
		people = append(people, found...)
	}
	slices.SortFunc(people, func(a, b *Record) int { return strings.Compare(a.AccountID, b.AccountID) })
	people = slices.CompactFunc(people, func(a, b *Record) bool { return a.AccountID == b.AccountID })
	return people, addMembers(ctx, q, communityID, people, forUpdate)
}

// lookupAccounts returns the accounts that keys of one kind name.
func lookupAccounts(ctx context.Context, q sqldb.Querier, from string, keys []string) ([]*Record, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	keys = slices.Compact(slices.Sorted(slices.Values(keys))) // the caller's stay as they are
	people := make([]*Record, 0, len(keys))
	block := make([]Record, len(keys)) // a key is one person's
	err := sqldb.EachText(ctx, q, accountColumns, "FROM "+from, []any{sqldb.Keys(keys)}, func(texts []string) error {
		r := &block[len(people)]
		people = append(people, r)
		return r.readAccount(texts)
	})
	return people, err
}

// addMembers completes people, who are in the order of their ids.
func addMembers(ctx context.Context, q sqldb.Querier, communityID string, people []*Record, forUpdate bool) error {
	ids := make([]string, len(people))
	for i, r := range people {
		ids[i] = r.AccountID
	}
	return sqldb.EachKeyed(ctx, q, sqldb.Keyed{
		Table: "members", Columns: recordColumns, Where: "community_id = $1", Arg: communityID, Keys: ids, Lock: forUpdate,
	}, func(texts []string) error {
		i, _ := slices.BinarySearch(ids, texts[0])
		return people[i].readMember(texts)
	})
}

// reloadUsername reads the username again where another transaction may have
// changed it between the look-up of the account and the lock of the member.
func reloadUsername(ctx context.Context, tx *sqldb.Tx, who *Record) error {
	if tx.Dialect() == sqldb.SQLite {
		return nil // one writer at a time
	}
	return tx.QueryRow(ctx, "SELECT username, username_key FROM accounts WHERE id = $1", who.AccountID).Scan(&who.Username, &who.UsernameKey)
}

// Insert adds members whose accounts exist, in the caller's transaction, and
// counts the active ones. A person who is a member already, in whatever state,
// makes it fail as a duplicate.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID string, records []*Record) error {
	return insertRows(ctx, tx, communityID, newRows(communityID, records), active(records))
}

func active(records []*Record) (n int64) {
	for _, r := range records {
		n += activeness(r.State)
	}
	return n
}

// Packed are members of one community that wait to be inserted, in little
// memory.
type Packed struct {
	rows   sqldb.Packed
	active int64
}

// Add packs members, whose accounts need not exist yet.
func (p *Packed) Add(communityID string, records []*Record) {
	p.rows.Add(newRows(communityID, records))
	p.active += active(records)
}

// Bytes is how much memory the members take, about.
func (p *Packed) Bytes() int { return p.rows.Bytes() }

// Reset forgets the members and keeps their memory for others.
func (p *Packed) Reset() {
	p.rows.Reset()
	p.active = 0
}

// InsertPacked is Insert for packed members.
func InsertPacked(ctx context.Context, tx *sqldb.Tx, communityID string, p *Packed) error {
	return insertRows(ctx, tx, communityID, p.rows.Rows(), p.active)
}

func insertRows(ctx context.Context, tx *sqldb.Tx, communityID string, rows sqldb.Rows, active int64) error {
	if err := tx.InsertRows(ctx, rows); err != nil {
		return err
	}
	if err := indexNew(ctx, tx, communityID, rows); err != nil {
		return err
	}
	return count(ctx, tx, communityID, active)
}

func newRows(communityID string, records []*Record) sqldb.Rows {
	columns := []string{"community_id", "user_id", "state", "owner", "display_name", "first_name", "last_name", "name_key", "phone", "country", "language", "roles", "tags", "fields", "joined_at", "updated_at"}
	return sqldb.Rows{Table: "members", Columns: columns, N: len(records), Fill: func(i int, row []any) {
		r := records[i]
		row[0], row[1], row[2], row[3], row[4] = communityID, r.AccountID, r.State, r.Owner, r.DisplayName
		row[5], row[6], row[7], row[8], row[9], row[10] = r.FirstName, r.LastName, r.nameKey(), r.Phone, r.Country, r.Language
		row[11], row[12], row[13], row[14], row[15] = encodeIDs(r.RoleIDs), encodeIDs(r.TagIDs), r.Values.encode(), r.JoinedAt, r.UpdatedAt
	}}
}

// Update writes the members of records back, in the caller's transaction. It
// does not touch their accounts, state or ownership.
func Update(ctx context.Context, tx *sqldb.Tx, communityID string, records []*Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := indexAgain(ctx, tx, communityID, records); err != nil {
		return err
	}
	columns := []string{"community_id", "user_id", "first_name", "last_name", "name_key", "phone", "country", "language", "roles", "tags", "fields", "updated_at"}
	return tx.UpdateRows(ctx, 2, sqldb.Rows{Table: "members", Columns: columns, N: len(records), Fill: func(i int, row []any) {
		r := records[i]
		row[0], row[1], row[2], row[3], row[4] = communityID, r.AccountID, r.FirstName, r.LastName, r.nameKey()
		row[5], row[6], row[7] = r.Phone, r.Country, r.Language
		row[8], row[9], row[10], row[11] = encodeIDs(r.RoleIDs), encodeIDs(r.TagIDs), r.Values.encode(), r.UpdatedAt
	}})
}

// Remove takes active members out of the community for good, with their
// identifiers and histories, in the caller's transaction. Their accounts stay.
func Remove(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
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
	for _, table := range []string{"field_history", "member_identifiers"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, list); err != nil {
			return err
		}
	}
	return count(ctx, tx, communityID, -removed)
}

const shards = 16

// count adds to the community's number of members. Writers spread over shards
// so that they rarely wait for each other.
func count(ctx context.Context, tx *sqldb.Tx, communityID string, delta int64) error {
	if delta == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO member_totals (community_id, shard, total) VALUES ($1, $2, $3)
		ON CONFLICT (community_id, shard) DO UPDATE SET total = member_totals.total + excluded.total`, communityID, rand.Int64N(shards), delta)
	return err
}

// Identifier is the value of an identifier field of one person.
type Identifier struct {
	FieldID string
	Key     string
	UserID  string
}

// IdentifierKey is how values of identifier fields compare.
func IdentifierKey(value any) string {
	text, ok := value.(string)
	if !ok {
		return strings.Trim(encodeJSON(value), `"`)
	}
	return strings.ToLower(text)
}

// Identifiers returns who holds which of the keys of one identifier field.
func Identifiers(ctx context.Context, q sqldb.Querier, communityID, fieldID string, keys []string) ([]Identifier, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (Identifier, error) {
		i := Identifier{FieldID: fieldID}
		return i, s.Scan(&i.Key, &i.UserID)
	}, "SELECT key, user_id FROM member_identifiers WHERE community_id = $1 AND field_id = $2 AND "+q.Dialect().In("key", "$3"), communityID, fieldID, sqldb.Keys(keys))
}

// SetIdentifiers gives up the keys of gone and takes those of held, in the
// caller's transaction. A key that somebody else holds makes it fail as a
// duplicate.
func SetIdentifiers(ctx context.Context, tx *sqldb.Tx, communityID string, gone, held []Identifier) error {
	if err := deleteIdentifiers(ctx, tx, communityID, gone); err != nil {
		return err
	}
	return tx.InsertRows(ctx, sqldb.Rows{Table: "member_identifiers", Columns: []string{"community_id", "field_id", "key", "user_id"}, N: len(held), Fill: func(i int, row []any) {
		row[0], row[1], row[2], row[3] = communityID, held[i].FieldID, held[i].Key, held[i].UserID
	}})
}

// deleteIdentifiers deletes in one statement for each field. A key has one
// holder, so a key and a user that are both in gone belong to each other.
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
