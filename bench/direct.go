//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// direct is direct access to the database of an idle server, by the same driver.
type direct struct {
	db        *sqldb.DB
	clock     clock.Clock
	community string
	fields    map[string]string // ids by database name
}

func openDirect(ctx context.Context, v *server) (*direct, error) {
	address := v.store.url
	if v.store.engine == sqlite {
		address = "sqlite:" + filepath.Join(v.store.folder, "data", "regulars.db")
	}
	db, err := sqldb.Open(ctx, address, sqldb.Options{MaxConns: connections})
	if err != nil {
		return nil, err
	}
	d := &direct{db: db, community: v.community, fields: map[string]string{}}
	pairs, err := sqldb.All(ctx, db, func(s sqldb.Scanner) (pair [2]string, err error) { return pair, s.Scan(&pair[0], &pair[1]) },
		"SELECT field, id FROM field_definitions WHERE community_id = $1", v.community)
	for _, pair := range pairs {
		d.fields[pair[0]] = pair[1]
	}
	return d, err
}

func (d *direct) close() error { return d.db.Close() }

const directColumns = `m.user_id, m.email, m.username, m.first_name, m.last_name, m.phone, m.country, m.language, m.roles, m.tags, m.fields, m.joined_at`

type directRow [12]string

func scanDirect(s sqldb.Scanner) (row directRow, err error) {
	into := make([]any, len(row))
	for i := range row {
		into[i] = &row[i]
	}
	return row, s.Scan(into...)
}

func (d *direct) read(ctx context.Context, email string) error {
	_, err := sqldb.One(ctx, d.db, "user", scanDirect, "SELECT "+directColumns+` FROM members m
		WHERE m.community_id = $1 AND m.email_key = $2`, d.community, account.EmailKey(email))
	return err
}

// list reads 50 members by country and a custom field.
func (d *direct) list(ctx context.Context, field, value string, indexed bool) error {
	query, arg := d.db.Dialect().JSONText("m.fields", "$3")+" = $4", d.db.Dialect().JSONKey(field)
	if indexed {
		query, arg = "m.user_id IN (SELECT v.user_id FROM member_values v WHERE v.community_id = $1 AND v.field_id = $3 AND v.key = $4)", d.fields[field]
	}
	_, err := sqldb.All(ctx, d.db, scanDirect, "SELECT "+directColumns+` FROM members m
		WHERE m.community_id = $1 AND m.country = $2 AND `+query+" ORDER BY m.user_id LIMIT 50", d.community, "DE", arg, value)
	return err
}

// directNumbers is above the numbers of other members.
const directNumbers = 1 << 40

// create inserts an account and a member in one durable transaction.
func (d *direct) create(ctx context.Context, n int64) error {
	return d.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now := d.clock.Now()
		account, name := id.New(now), fmt.Sprintf("direct%d", n)
		_, err := tx.Exec(ctx, `INSERT INTO accounts (number, id, email, email_key, username, username_key, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`, directNumbers+n, account, name+"@example.com", name+"@example.com", name, name, now.UnixMilli())
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO members (community_id, user_id, account_id, number, email, email_key, username, username_key, state, first_name, last_name, name_key, phone, country, language, roles, tags, fields, joined_at, updated_at)
			VALUES ($1, $2, $2, $3, $4, $5, $6, $7, 'active', 'Ada', 'Lovelace', 'ada lovelace', '', '', '', '[]', '[]', '{}', $8, $8)`,
			d.community, account, directNumbers+n, name+"@example.com", name+"@example.com", name, name, now.UnixMilli())
		return err
	})
}
