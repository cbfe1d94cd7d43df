package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger/queue"
	"github.com/regulars/regulars/internal/sqldb"
)

// fewRows is the number of rows up to which a statement for each is faster than one for all.
const fewRows = 8

// locking returns a clause that locks rows, "" outside of a transaction.
func locking(q sqldb.Querier, clause string) string {
	if _, locks := q.(*sqldb.Tx); locks {
		return clause
	}
	return ""
}

// lockHolders returns members in any state, in the order of their ids. In a transaction it
// locks them. Holders are read after the lock: the transaction before may have added them.
func lockHolders(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) ([]*holder, error) {
	d, keys := q.Dialect(), sqldb.Keys(unique(userIDs))
	byUser := map[string]*holder{}
	found, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (*holder, error) {
		var m holder
		err := s.Scan(&m.userID, &m.state, &m.suspendedUntil)
		byUser[m.userID] = &m
		return &m, err
	}, "SELECT user_id, state, suspended_until FROM members WHERE community_id = $1 AND "+d.In("user_id", "$2")+" ORDER BY user_id "+locking(q, d.Lock()), communityID, keys)
	if err != nil {
		return nil, err
	}
	_, err = sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var userID, holderID string
		err = s.Scan(&userID, &holderID)
		if m := byUser[userID]; m != nil {
			m.id = holderID
		}
		return none, err
	}, "SELECT user_id, holder FROM ledger_holders WHERE community_id = $1 AND "+d.In("user_id", "$2"), communityID, keys)
	return found, err
}

func insertHolders(ctx context.Context, tx *sqldb.Tx, communityID string, holders []*holder) error {
	return tx.QueueRows(ctx, sqldb.Rows{Table: "ledger_holders", Columns: []string{"community_id", "holder", "user_id"}, N: len(holders), Fill: func(i int, row []any) {
		row[0], row[1], row[2] = communityID, holders[i].id, holders[i].userID
	}})
}

// userOfHolder returns the member of a holder, "" after erasure.
func userOfHolder(ctx context.Context, q sqldb.Querier, communityID, holderID string) (string, error) {
	userID, err := sqldb.One(ctx, q, "holder", sqldb.Value[string], "SELECT user_id FROM ledger_holders WHERE community_id = $1 AND holder = $2", communityID, holderID)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return userID, err
}

// usersOfHolders returns the members of holders; erased ones are absent.
func usersOfHolders(ctx context.Context, q sqldb.Querier, communityID string, holders []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT user_id FROM ledger_holders WHERE community_id = $1 AND "+q.Dialect().In("holder", "$2"), communityID, sqldb.Keys(holders))
}

const balanceColumns = "holder, unit, posted, held, last_id, next_due, entries"

func scanBalance(s sqldb.Scanner) (*account, error) {
	var a account
	return &a, s.Scan(&a.holder, &a.unit, &a.posted, &a.held, &a.lastID, &a.nextDue, &a.entries)
}

func lockBalances(ctx context.Context, q sqldb.Querier, communityID string, holders []string) ([]*account, error) {
	d := q.Dialect()
	return sqldb.All(ctx, q, scanBalance, "SELECT "+balanceColumns+" FROM ledger_balances WHERE community_id = $1 AND "+d.In("holder", "$2")+" ORDER BY holder, unit "+locking(q, d.Lock()),
		communityID, sqldb.Keys(holders))
}

func insertBalances(ctx context.Context, tx *sqldb.Tx, communityID string, list []*account) error {
	columns := []string{"community_id", "holder", "unit", "posted", "held", "last_id", "next_due", "entries"}
	return tx.QueueRows(ctx, sqldb.Rows{Table: "ledger_balances", Columns: columns, N: len(list), Fill: func(i int, row []any) {
		a := list[i]
		row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7] = communityID, a.holder, string(a.unit), a.posted, a.held, a.lastID, a.nextDue, a.entries
	}})
}

func updateBalances(ctx context.Context, tx *sqldb.Tx, communityID string, list []*account) error {
	columns := []string{"community_id", "holder", "unit", "posted", "held", "last_id", "next_due", "entries"}
	return tx.QueueUpdates(ctx, 3, sqldb.Rows{Table: "ledger_balances", Columns: columns, N: len(list), Fill: func(i int, row []any) {
		a := list[i]
		row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7] = communityID, a.holder, string(a.unit), a.posted, a.held, a.lastID, a.nextDue, a.entries
	}})
}

// dayKey is the day of a unit of a holder.
type dayKey struct {
	holder string
	unit   Unit
	day    int64 // number since 1970
}

// addDays adds amounts to what was earned on days. Each day is changed by one
// transaction at a time: the balance is locked.
func addDays(ctx context.Context, tx *sqldb.Tx, communityID string, keys []dayKey, earned map[dayKey]int64) error {
	if len(keys) <= fewRows {
		for _, key := range keys {
			err := tx.Queue(ctx, `INSERT INTO ledger_days (community_id, holder, unit, day, earned) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (community_id, holder, unit, day) DO UPDATE SET earned = ledger_days.earned + excluded.earned`,
				communityID, key.holder, string(key.unit), key.day, earned[key])
			if err != nil {
				return err
			}
		}
		return nil
	}
	known, err := earnedBefore(ctx, tx, communityID, keys)
	if err != nil {
		return err
	}
	var added, changed []dayKey
	for _, key := range keys {
		if _, ok := known[key]; ok {
			changed = append(changed, key)
		} else {
			added = append(added, key)
		}
	}
	rows := func(list []dayKey) sqldb.Rows {
		return sqldb.Rows{Table: "ledger_days", Columns: []string{"community_id", "holder", "unit", "day", "earned"}, N: len(list), Fill: func(i int, row []any) {
			key := list[i]
			row[0], row[1], row[2], row[3], row[4] = communityID, key.holder, string(key.unit), key.day, known[key]+earned[key]
		}}
	}
	if err := tx.QueueRows(ctx, rows(added)); err != nil {
		return err
	}
	return tx.QueueUpdates(ctx, 4, rows(changed))
}

// earnedBefore returns what was earned on days that have a row.
func earnedBefore(ctx context.Context, tx *sqldb.Tx, communityID string, keys []dayKey) (map[dayKey]int64, error) {
	holders := make([]string, len(keys))
	first, last := keys[0].day, keys[0].day
	for i, key := range keys {
		holders[i] = key.holder
		first, last = min(first, key.day), max(last, key.day)
	}
	known := map[dayKey]int64{}
	_, err := sqldb.All(ctx, tx, func(s sqldb.Scanner) (none struct{}, err error) {
		var key dayKey
		var amount int64
		err = s.Scan(&key.holder, &key.unit, &key.day, &amount)
		known[key] = amount
		return none, err
	}, "SELECT holder, unit, day, earned FROM "+tx.Dialect().PerKey("ledger_days", "holder", "community_id = $1 AND day BETWEEN $3 AND $4", "$2"),
		communityID, sqldb.Keys(unique(holders)), first, last)
	return known, err
}

// forgetHolders deletes the link of holders to members, and their texts.
func forgetHolders(ctx context.Context, tx *sqldb.Tx, communityID string, holders []string) error {
	keys := sqldb.Keys(unique(holders))
	for _, query := range []string{
		"UPDATE ledger_entries SET reason = '' WHERE community_id = $1 AND reason <> '' AND " + tx.Dialect().In("holder", "$2"),
		"UPDATE ledger_holds SET reason = '' WHERE community_id = $1 AND reason <> '' AND " + tx.Dialect().In("holder", "$2"),
		"DELETE FROM ledger_days WHERE community_id = $1 AND " + tx.Dialect().In("holder", "$2"),
		"DELETE FROM ledger_holders WHERE community_id = $1 AND " + tx.Dialect().In("holder", "$2"),
	} {
		if _, err := tx.Exec(ctx, query, communityID, keys); err != nil {
			return err
		}
	}
	return nil
}

const entryColumns = `e.id, e.holder, e.unit, e.amount, e.balance_after, e.reason, e.source_type, e.source_id, e.part, e.lot_id, e.expires_at, e.reversal_of, e.hold_id, e.lots,
	e.occurred_at, e.created_at`

func scanEntry(s sqldb.Scanner) (e Entry, err error) {
	var lots []byte
	err = s.Scan(&e.ID, &e.Holder, &e.Unit, &e.Amount, &e.BalanceAfter, &e.Reason, &e.Source.Type, &e.Source.ID, &e.Source.Part, &e.LotID, &e.ExpiresAt, &e.ReversalOf, &e.HoldID, &lots,
		&e.OccurredAt, &e.CreatedAt)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(lots, &e.Lots)
}

func insertEntries(ctx context.Context, tx *sqldb.Tx, communityID string, list []Entry) error {
	columns := []string{
		"community_id", "id", "holder", "unit", "amount", "balance_after", "counter", "reason", "source_type", "source_id", "part", "lot_id", "expires_at", "reversal_of", "hold_id", "lots",
		"occurred_at", "created_at",
	}
	lots, ids := make([]string, len(list)), make([]string, len(list))
	for i := range list {
		text, err := json.Marshal(list[i].Lots)
		if err != nil {
			return err
		}
		lots[i], ids[i] = string(text), list[i].ID
	}
	if err := queue.Add(ctx, tx, communityID, ids); err != nil {
		return err
	}
	return tx.QueueRows(ctx, sqldb.Rows{Table: "ledger_entries", Columns: columns, N: len(list), Fill: func(i int, row []any) {
		e := &list[i]
		row[0], row[1], row[2], row[3], row[4], row[5] = communityID, e.ID, e.Holder, string(e.Unit), e.Amount, e.BalanceAfter
		row[6], row[7], row[8], row[9], row[10] = counterOf(e.Source.Type), e.Reason, e.Source.Type, e.Source.ID, e.Source.Part
		row[11], row[12], row[13], row[14], row[15], row[16], row[17] = e.LotID, e.ExpiresAt, e.ReversalOf, e.HoldID, lots[i], e.OccurredAt, e.CreatedAt
	}})
}

func entriesByID(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string]Entry, error) {
	found, err := InOrder(ctx, q, communityID, ids)
	byID := make(map[string]Entry, len(found))
	for _, e := range found {
		byID[e.ID] = e
	}
	return byID, err
}

// entriesOfSources returns the entries of sources of a type.
func entriesOfSources(ctx context.Context, q sqldb.Querier, communityID, sourceType string, ids []string) ([]Entry, error) {
	return sqldb.All(ctx, q, scanEntry, "SELECT "+entryColumns+" FROM ledger_entries e WHERE e.community_id = $1 AND e.source_type = $2 AND "+q.Dialect().In("e.source_id", "$3"),
		communityID, sourceType, sqldb.Keys(unique(ids)))
}

// entriesOfHolders returns the entries of pairs of a source of a type and a holder.
func entriesOfHolders(ctx context.Context, q sqldb.Querier, communityID, sourceType string, pairs [][2]string) (found []Entry, err error) {
	slices.SortFunc(pairs, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	pairs = slices.Compact(pairs)
	const query = "SELECT " + entryColumns + " FROM ledger_entries e WHERE e.community_id = $1 AND e.source_type = $2 AND "
	if len(pairs) > fewRows {
		text, err := json.Marshal(pairs)
		if err != nil {
			return nil, err
		}
		return sqldb.All(ctx, q, scanEntry, query+q.Dialect().InPairs("e.source_id", "e.holder", "$3"), communityID, sourceType, string(text))
	}
	for _, pair := range pairs {
		some, err := sqldb.All(ctx, q, scanEntry, query+"e.source_id = $3 AND e.holder = $4", communityID, sourceType, pair[0], pair[1])
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// holdersOf returns the holders of members by their ids.
func holdersOf(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string) (map[string]string, error) {
	holders := make(map[string]string, len(userIDs))
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var userID, holderID string
		err = s.Scan(&userID, &holderID)
		holders[userID] = holderID
		return none, err
	}, "SELECT user_id, holder FROM ledger_holders WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(unique(userIDs)))
	return holders, err
}

// reversedAmong returns which entries were reversed.
func reversedAmong(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string]bool, error) {
	found, err := entriesOfSources(ctx, q, communityID, FromReversal, ids)
	done := make(map[string]bool, len(found))
	for _, e := range found {
		done[e.Source.ID] = true
	}
	return done, err
}

// unique returns sorted texts without duplicates; it may change the order of list.
func unique(list []string) []string {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

const lotColumns = "id, holder, unit, amount, remaining, held, expires_at, created_at, expiries"

func scanLot(s sqldb.Scanner) (*lot, error) {
	var o lot
	return &o, s.Scan(&o.ID, &o.holder, &o.unit, &o.amount, &o.remaining, &o.held, &o.expiresAt, &o.createdAt, &o.expiries)
}

// openLots returns the lots that an amount uses up, in the order of spending.
func openLots(ctx context.Context, q sqldb.Querier, communityID string, of accountKey, now, amount int64) (list []*lot, err error) {
	rows, err := q.Query(ctx, "SELECT "+lotColumns+` FROM ledger_lots WHERE community_id = $1 AND holder = $2 AND unit = $3 AND remaining > 0 AND expires_at > $4
		ORDER BY expires_at, created_at, id`, communityID, of.holder, string(of.unit), now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for amount > 0 && rows.Next() {
		o, err := scanLot(rows)
		if err != nil {
			return nil, err
		}
		amount -= o.free()
		list = append(list, o)
	}
	return list, rows.Err()
}

// openLotsOfMany is openLots for many holders.
func openLotsOfMany(ctx context.Context, q sqldb.Querier, communityID string, unit Unit, holders []string, now, amount int64) ([]*lot, error) {
	return sqldb.All(ctx, q, scanLot, "SELECT "+lotColumns+` FROM (SELECT `+lotColumns+`, SUM(remaining - held) OVER (PARTITION BY holder ORDER BY expires_at, created_at, id) - (remaining - held) AS earlier
			FROM `+q.Dialect().PerKey("ledger_lots", "holder", "community_id = $1 AND unit = $2 AND remaining > 0 AND expires_at > $3", "$4")+`) o
		WHERE earlier < $5 ORDER BY holder, expires_at, created_at, id`, communityID, string(unit), now, sqldb.Keys(unique(holders)), amount)
}

func lotsByID(ctx context.Context, q sqldb.Querier, communityID string, ids []string) ([]*lot, error) {
	return sqldb.All(ctx, q, scanLot, "SELECT "+lotColumns+" FROM ledger_lots WHERE community_id = $1 AND "+q.Dialect().In("id", "$2"), communityID, sqldb.Keys(unique(ids)))
}

// dueLots returns the lots of a balance that have ended with a free part.
func dueLots(ctx context.Context, q sqldb.Querier, communityID string, of accountKey, now int64) ([]*lot, error) {
	return sqldb.All(ctx, q, scanLot, "SELECT "+lotColumns+` FROM ledger_lots WHERE community_id = $1 AND holder = $2 AND unit = $3 AND remaining > 0 AND expires_at <= $4 AND remaining > held
		ORDER BY expires_at, created_at, id`, communityID, of.holder, string(of.unit), now)
}

// nextDue returns when a lot or a hold of a balance ends next, after now; Never: none.
func nextDue(ctx context.Context, q sqldb.Querier, communityID string, of accountKey, now int64) (int64, error) {
	return sqldb.One(ctx, q, "balance", sqldb.Value[int64], `SELECT CASE WHEN lot < hold THEN lot ELSE hold END FROM (SELECT
		COALESCE((SELECT MIN(expires_at) FROM ledger_lots WHERE community_id = $1 AND holder = $2 AND unit = $3 AND remaining > 0 AND expires_at > $4), $5) AS lot,
		COALESCE((SELECT MIN(expires_at) FROM ledger_holds WHERE community_id = $1 AND holder = $2 AND unit = $3 AND ended_at = 0 AND expires_at > $4), $5) AS hold) d`,
		communityID, of.holder, string(of.unit), now, Never)
}

func insertLots(ctx context.Context, tx *sqldb.Tx, communityID string, list []*lot) error {
	columns := []string{"community_id", "id", "holder", "unit", "amount", "remaining", "held", "expires_at", "created_at", "expiries"}
	return tx.QueueRows(ctx, sqldb.Rows{Table: "ledger_lots", Columns: columns, N: len(list), Fill: func(i int, row []any) {
		o := list[i]
		row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9] = communityID, o.ID, o.holder, string(o.unit), o.amount, o.remaining, o.held, o.expiresAt, o.createdAt, o.expiries
	}})
}

func updateLots(ctx context.Context, tx *sqldb.Tx, communityID string, list []*lot) error {
	columns := []string{"community_id", "id", "remaining", "held", "expiries"}
	return tx.QueueUpdates(ctx, 2, sqldb.Rows{Table: "ledger_lots", Columns: columns, N: len(list), Fill: func(i int, row []any) {
		o := list[i]
		row[0], row[1], row[2], row[3], row[4] = communityID, o.ID, o.remaining, o.held, o.expiries
	}})
}

const holdColumns = "id, holder, unit, amount, captured, status, reason, lots, expires_at, created_at, ended_at"

func scanHold(s sqldb.Scanner) (*storedHold, error) {
	var h storedHold
	var lots []byte
	if err := s.Scan(&h.ID, &h.holder, &h.Unit, &h.Amount, &h.Captured, &h.Status, &h.Reason, &lots, &h.ExpiresAt, &h.CreatedAt, &h.endedAt); err != nil {
		return nil, err
	}
	return &h, json.Unmarshal(lots, &h.lots)
}

func loadHold(ctx context.Context, q sqldb.Querier, communityID, holdID string) (*storedHold, error) {
	return sqldb.One(ctx, q, "hold", scanHold, "SELECT "+holdColumns+" FROM ledger_holds WHERE community_id = $1 AND id = $2", communityID, holdID)
}

// dueHolds returns the open holds of a balance that have ended.
func dueHolds(ctx context.Context, q sqldb.Querier, communityID string, of accountKey, now int64) ([]*storedHold, error) {
	return sqldb.All(ctx, q, scanHold, "SELECT "+holdColumns+` FROM ledger_holds WHERE community_id = $1 AND holder = $2 AND unit = $3 AND ended_at = 0 AND expires_at <= $4 ORDER BY expires_at, id`,
		communityID, of.holder, string(of.unit), now)
}

// openHolds returns the holds of a balance that are open.
func openHolds(ctx context.Context, q sqldb.Querier, communityID string, of accountKey) ([]*storedHold, error) {
	return dueHolds(ctx, q, communityID, of, Never)
}

func upsertHold(ctx context.Context, tx *sqldb.Tx, communityID string, h *storedHold) error {
	lots, err := json.Marshal(h.lots)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO ledger_holds (community_id, "+holdColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (community_id, id) DO UPDATE SET captured = excluded.captured, status = excluded.status, ended_at = excluded.ended_at`,
		communityID, h.ID, h.holder, string(h.Unit), h.Amount, h.Captured, h.Status, h.Reason, string(lots), h.ExpiresAt, h.CreatedAt, h.endedAt)
	return err
}

// holderOf returns the holder of a member, "" without entries.
func holderOf(ctx context.Context, q sqldb.Querier, communityID, userID string) (string, error) {
	found, err := sqldb.One(ctx, q, "holder", sqldb.Value[string], "SELECT holder FROM ledger_holders WHERE community_id = $1 AND user_id = $2", communityID, userID)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return found, err
}

func loadBalance(ctx context.Context, q sqldb.Querier, communityID string, of accountKey) (*account, error) {
	return sqldb.One(ctx, q, "balance", scanBalance, "SELECT "+balanceColumns+" FROM ledger_balances WHERE community_id = $1 AND holder = $2 AND unit = $3", communityID, of.holder, string(of.unit))
}

// selectExpiring returns the amounts that end after now, by instant.
func selectExpiring(ctx context.Context, q sqldb.Querier, communityID string, of accountKey, now int64, limit int) ([]Expiring, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (e Expiring, err error) {
		return e, s.Scan(&e.At, &e.Amount)
	}, `SELECT expires_at, CAST(SUM(remaining - held) AS BIGINT) FROM ledger_lots WHERE community_id = $1 AND holder = $2 AND unit = $3 AND remaining > 0 AND expires_at > $4 AND expires_at < $5
		GROUP BY expires_at ORDER BY expires_at LIMIT $6`, communityID, of.holder, string(of.unit), now, Never, limit)
}

// postedBefore returns the balance before an entry id.
func postedBefore(ctx context.Context, q sqldb.Querier, communityID string, of accountKey, before string) (int64, error) {
	posted, err := sqldb.One(ctx, q, "entry", sqldb.Value[int64], "SELECT balance_after FROM ledger_entries WHERE community_id = $1 AND holder = $2 AND unit = $3 AND id < $4 ORDER BY id DESC LIMIT 1",
		communityID, of.holder, string(of.unit), before)
	if errs.KindOf(err) == errs.NotFound {
		return 0, nil
	}
	return posted, err
}

// partsSince returns the parts of the entries from an id on.
func partsSince(ctx context.Context, q sqldb.Querier, communityID string, of accountKey, from string) (parts []Part, err error) {
	_, err = sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var lots []byte
		if err := s.Scan(&lots); err != nil {
			return none, err
		}
		var more []Part
		err = json.Unmarshal(lots, &more)
		parts = append(parts, more...)
		return none, err
	}, "SELECT lots FROM ledger_entries WHERE community_id = $1 AND holder = $2 AND unit = $3 AND id >= $4", communityID, of.holder, string(of.unit), from)
	return parts, err
}

// selectHoldsAt returns the holds that were open at a time.
func selectHoldsAt(ctx context.Context, q sqldb.Querier, communityID string, of accountKey, at int64) ([]*storedHold, error) {
	return sqldb.All(ctx, q, scanHold, "SELECT "+holdColumns+` FROM ledger_holds WHERE community_id = $1 AND holder = $2 AND unit = $3 AND created_at <= $4 AND expires_at > $4
		AND (ended_at = 0 OR ended_at > $4)`, communityID, of.holder, string(of.unit), at)
}

// endingLots returns the open lots of a balance that end at some time.
func endingLots(ctx context.Context, q sqldb.Querier, communityID string, of accountKey) ([]*lot, error) {
	return sqldb.All(ctx, q, scanLot, "SELECT "+lotColumns+" FROM ledger_lots WHERE community_id = $1 AND holder = $2 AND unit = $3 AND remaining > 0 AND expires_at < $4",
		communityID, of.holder, string(of.unit), Never)
}

// lotsOfParts returns the lots of parts.
func lotsOfParts(ctx context.Context, q sqldb.Querier, communityID string, parts []Part) ([]*lot, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	ids := make([]string, len(parts))
	for i, p := range parts {
		ids[i] = p.LotID
	}
	return lotsByID(ctx, q, communityID, ids)
}

// Due returns members with a lot or a hold that is due, by community: of at most limit
// balances.
func Due(ctx context.Context, q sqldb.Querier, now int64, limit int) (map[string][]string, error) {
	due := map[string][]string{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var communityID, userID string
		err = s.Scan(&communityID, &userID)
		due[communityID] = append(due[communityID], userID)
		return none, err
	}, `SELECT b.community_id, h.user_id FROM ledger_balances b JOIN ledger_holders h ON h.community_id = b.community_id AND h.holder = b.holder
		WHERE b.next_due <= $1 ORDER BY b.next_due LIMIT $2`, now, limit)
	return due, err
}

// InOrder returns entries in the order of their ids; missing ones are left out.
func InOrder(ctx context.Context, q sqldb.Querier, communityID string, ids []string) ([]Entry, error) {
	found, err := sqldb.All(ctx, q, scanEntry, "SELECT "+entryColumns+" FROM ledger_entries e WHERE e.community_id = $1 AND "+q.Dialect().In("e.id", "$2"), communityID, sqldb.Keys(unique(ids)))
	slices.SortFunc(found, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	return found, err
}

// Dequeued returns the number of entries of a community that are not in the queue of those
// that no seal covers, at one instant.
func Dequeued(ctx context.Context, q sqldb.Querier, communityID string) (int64, error) {
	return sqldb.One(ctx, q, "ledger", sqldb.Value[int64], `SELECT (SELECT COUNT(*) FROM ledger_entries WHERE community_id = $1)
		- COALESCE((SELECT CAST(SUM(entries) AS BIGINT) FROM ledger_unsealed WHERE community_id = $1), 0)`, communityID)
}

// Proof has a balance and what it is computed from.
type Proof struct {
	Holder                             string
	UserID                             string // "": erased
	Unit                               Unit
	Posted, Held                       int64 // of the balance
	Entries, Lots, HeldLots, OpenHolds int64 // sums
}

// OK reports whether all sums agree.
func (p Proof) OK() bool {
	return p.Entries == p.Posted && p.Lots == p.Posted && p.HeldLots == p.Held && p.OpenHolds == p.Held
}

const selectProofs = `SELECT b.holder, COALESCE(h.user_id, ''), b.unit, b.posted, b.held,
	COALESCE((SELECT CAST(SUM(amount) AS BIGINT) FROM ledger_entries e WHERE e.community_id = b.community_id AND e.holder = b.holder AND e.unit = b.unit), 0),
	COALESCE((SELECT CAST(SUM(remaining) AS BIGINT) FROM ledger_lots l WHERE l.community_id = b.community_id AND l.holder = b.holder AND l.unit = b.unit AND l.remaining > 0), 0),
	COALESCE((SELECT CAST(SUM(held) AS BIGINT) FROM ledger_lots l WHERE l.community_id = b.community_id AND l.holder = b.holder AND l.unit = b.unit AND l.remaining > 0), 0),
	COALESCE((SELECT CAST(SUM(amount) AS BIGINT) FROM ledger_holds o WHERE o.community_id = b.community_id AND o.holder = b.holder AND o.unit = b.unit AND o.ended_at = 0), 0)
	FROM ledger_balances b LEFT JOIN ledger_holders h ON h.community_id = b.community_id AND h.holder = b.holder WHERE b.community_id = $1 AND `

func scanProof(s sqldb.Scanner) (p Proof, err error) {
	return p, s.Scan(&p.Holder, &p.UserID, &p.Unit, &p.Posted, &p.Held, &p.Entries, &p.Lots, &p.HeldLots, &p.OpenHolds)
}

// Proofs returns the balances after one, at most limit. Each call is consistent in itself.
func Proofs(ctx context.Context, q sqldb.Querier, communityID, afterHolder string, afterUnit Unit, limit int) ([]Proof, error) {
	return sqldb.All(ctx, q, scanProof, selectProofs+"(b.holder, b.unit) > ($2, $3) ORDER BY b.holder, b.unit LIMIT $4", communityID, afterHolder, string(afterUnit), limit)
}

// ProofsOf returns the balances of holders.
func ProofsOf(ctx context.Context, q sqldb.Querier, communityID string, holders []string) ([]Proof, error) {
	return sqldb.All(ctx, q, scanProof, selectProofs+q.Dialect().In("b.holder", "$2")+" ORDER BY b.holder, b.unit", communityID, sqldb.Keys(unique(holders)))
}
