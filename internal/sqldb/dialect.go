package sqldb

import "encoding/json"

// Dialect is the engine in use. Its methods return the fragments of SQL that
// differ between engines. Add one only if a test on both engines needs it.
type Dialect string

// The engines.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Lock returns the clause that locks selected rows until the end of the
// transaction. It is empty on SQLite, where a write transaction is exclusive.
func (d Dialect) Lock() string { return d.pick("", "FOR UPDATE") }

// LockOf is Lock for the rows of one table of a join.
func (d Dialect) LockOf(table string) string { return d.pick("", "FOR UPDATE OF "+table) }

// SkipLocked is Lock for queues: locked rows are left out.
func (d Dialect) SkipLocked() string { return d.pick("", "FOR UPDATE SKIP LOCKED") }

// IndexedBy follows the name of a table and makes SQLite read it by an index, which it
// refuses if the query cannot use it. SQLite has no statistics, and prefers the primary
// key of a table WITHOUT ROWID to a partial index that has fewer rows.
func (d Dialect) IndexedBy(index string) string { return d.pick(" INDEXED BY "+index, "") }

// In returns the condition that column is one of many keys. param is a
// placeholder, such as "$3"; its argument is Keys(keys). On PostgreSQL the
// keys become an array: a join with them may be planned as a loop over a table
// that has no statistics yet.
func (d Dialect) In(column, param string) string {
	return column + d.pick(
		" IN (SELECT value FROM json_each("+param+"))",
		" = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST("+param+" AS JSONB))))")
}

// FromKeys returns the FROM clause that selects the rows of a table by many keys
// of a unique column; the argument of param is Keys(keys), without duplicates.
// The caller appends further conditions with AND. SQLite looks the rows up in
// the order of the keys, without a temporary index.
func (d Dialect) FromKeys(table, column, param string) string {
	return d.pick(
		"(SELECT value AS wanted_key FROM json_each("+param+")) CROSS JOIN "+table+" ON "+table+"."+column+" = wanted_key",
		table+" WHERE "+d.In(column, param))
}

// Elements returns the query of many keys as a column; the argument of param is
// Keys(keys).
func (d Dialect) Elements(column, param string) string {
	return "SELECT " + d.pick("value AS "+column+" FROM json_each("+param+")", "jsonb_array_elements_text(CAST("+param+" AS JSONB)) AS "+column)
}

// InNumbers is In for an integer column; the argument is Keys of decimal
// numbers that fit 64 bits.
func (d Dialect) InNumbers(column, param string) string {
	return column + d.pick(
		" IN (SELECT CAST(value AS INTEGER) FROM json_each("+param+"))",
		" = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST("+param+" AS JSONB)) AS BIGINT)))")
}

// PerKey follows FROM: the rows of a table with one of many keys that satisfy where, read
// for each key by an index on column. param is as in In. With In and where, PostgreSQL
// reads all rows that satisfy where, as long as it has no statistics of the table.
func (d Dialect) PerKey(table, column, where, param string) string {
	return d.pick(
		table+" WHERE "+d.In(column, param)+" AND "+where,
		"jsonb_array_elements_text(CAST("+param+" AS JSONB)) AS wanted(wanted_key), LATERAL (SELECT * FROM "+table+" WHERE "+column+" = wanted_key AND "+where+" OFFSET 0) found")
}

// InPairs is In for two columns; the argument is a JSON array of pairs of
// strings.
func (d Dialect) InPairs(first, second, param string) string {
	return "(" + first + ", " + second + ")" + d.pick(
		" IN (SELECT value ->> 0, value ->> 1 FROM json_each("+param+"))",
		" IN (SELECT pair ->> 0, pair ->> 1 FROM jsonb_array_elements(CAST("+param+" AS JSONB)) AS pair)")
}

// JSONText returns a value of a JSON object as text, NULL if the key is absent.
// The argument of param is the key.
func (d Dialect) JSONText(column, param string) string {
	return d.pick("("+column+" ->> "+param+")", "("+column+" ->> CAST("+param+" AS TEXT))")
}

// JSONBool returns the argument that equals JSONText of a boolean.
func (d Dialect) JSONBool(value bool) any {
	if d == Postgres {
		return map[bool]string{true: "true", false: "false"}[value]
	}
	return value
}

// JSONKey returns the argument for a key in JSONText, JSONValue and JSONNumber.
// SQLite would read some bare keys as a path.
func (d Dialect) JSONKey(key string) string {
	if d == Postgres {
		return key
	}
	quoted, err := json.Marshal(key)
	if err != nil {
		panic(err) //nolint:forbidigo // a string always encodes
	}
	return "$." + string(quoted)
}

// JSONValue returns a value of a JSON object as JSON; the argument of key is a
// JSONKey.
func (d Dialect) JSONValue(column, key string) string {
	return d.pick("("+column+" -> "+key+")", "("+column+" -> CAST("+key+" AS TEXT))")
}

// JSONNumber returns a value of a JSON object as a number, to compare with
// Number; NULL if the value is absent or not a number. The argument of key is a
// JSONKey.
func (d Dialect) JSONNumber(column, key string) string {
	return d.pick(
		"(CASE WHEN json_type("+column+", "+key+") IN ('integer', 'real') THEN "+column+" ->> "+key+" END)",
		"(CASE WHEN jsonb_typeof("+column+" -> CAST("+key+" AS TEXT)) = 'number' THEN CAST("+column+" ->> CAST("+key+" AS TEXT) AS NUMERIC) END)")
}

// Number returns a decimal number; the argument of param is its text.
func (d Dialect) Number(param string) string {
	return d.pick("CAST("+param+" AS REAL)", "CAST("+param+" AS NUMERIC)")
}

// JSONHas returns the condition that a JSON array of strings contains param.
func (d Dialect) JSONHas(column, param string) string {
	return d.pick(
		"EXISTS (SELECT 1 FROM json_each("+column+") WHERE value = "+param+")",
		column+" @> to_jsonb(CAST("+param+" AS TEXT))")
}

// JSONHasAny returns the condition that a JSON array of strings contains one of
// the results of a query of one column, which does not refer to the row.
func (d Dialect) JSONHasAny(column, query string) string {
	return d.pick(
		"EXISTS (SELECT 1 FROM json_each("+column+") WHERE value IN ("+query+"))",
		column+" ?| ARRAY("+query+")")
}

// JSONHasID is JSONHas for ids of equal length: a substring search takes a
// tenth of the time.
func (d Dialect) JSONHasID(column, param string) string {
	return d.pick("instr("+column+", "+param+") > 0", d.JSONHas(column, param))
}

// RandomID returns an expression for another text of 32 random hex digits in each row.
func (d Dialect) RandomID() string {
	return d.pick("lower(hex(randomblob(16)))", "replace(CAST(gen_random_uuid() AS TEXT), '-', '')")
}

func (d Dialect) pick(sqlite, postgres string) string {
	if d == Postgres {
		return postgres
	}
	return sqlite
}
