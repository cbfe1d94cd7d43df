package sqldb

// Dialect is the engine in use. Its methods return the few pieces of SQL that
// cannot be written once. Add one only when a test on both engines forces it.
type Dialect string

// The two engines.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Lock returns the clause that locks selected rows until commit. SQLite locks
// the whole database for a writer, so it needs none.
func (d Dialect) Lock() string { return d.pick("", "FOR UPDATE") }

// LockOf is Lock for the rows of one table of a join.
func (d Dialect) LockOf(table string) string { return d.pick("", "FOR UPDATE OF "+table) }

// SkipLocked is Lock for queues: rows another worker holds are passed over.
func (d Dialect) SkipLocked() string { return d.pick("", "FOR UPDATE SKIP LOCKED") }

// In returns the condition that column is one of many keys; param, "$3" say,
// takes Keys(keys). On PostgreSQL the keys become an array first: a join with
// them may be planned as a loop over the table before it was analysed.
func (d Dialect) In(column, param string) string {
	return column + d.pick(
		" IN (SELECT value FROM json_each("+param+"))",
		" = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST("+param+" AS JSONB))))")
}

// Among returns what stands behind FROM to read those rows of a table whose
// column, which must be unique there or with what is asked besides, is one of
// many keys; param takes Keys(keys), each once. More conditions follow with
// AND. In their order SQLite finds them one by one, without a table of its own
// for the keys.
func (d Dialect) Among(table, column, param string) string {
	return d.pick(
		"(SELECT value AS wanted_key FROM json_each("+param+")) CROSS JOIN "+table+" ON "+table+"."+column+" = wanted_key",
		table+" WHERE "+d.In(column, param))
}

// InNumbers is In for a column of whole numbers; param takes Keys of decimal
// texts, which must fit 64 bits.
func (d Dialect) InNumbers(column, param string) string {
	return column + d.pick(
		" IN (SELECT CAST(value AS INTEGER) FROM json_each("+param+"))",
		" = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST("+param+" AS JSONB)) AS BIGINT)))")
}

// InPairs is In for two columns at once; param takes the JSON of a list of
// pairs of texts.
func (d Dialect) InPairs(first, second, param string) string {
	return "(" + first + ", " + second + ")" + d.pick(
		" IN (SELECT value ->> 0, value ->> 1 FROM json_each("+param+"))",
		" IN (SELECT pair ->> 0, pair ->> 1 FROM jsonb_array_elements(CAST("+param+" AS JSONB)) AS pair)")
}

// JSONText returns an expression for a value of a JSON object as text; param
// takes the key. It is NULL where the key is absent.
func (d Dialect) JSONText(column, param string) string {
	return d.pick("("+column+" ->> "+param+")", "("+column+" ->> CAST("+param+" AS TEXT))")
}

// JSONHas returns the condition that a JSON array of strings holds the text
// that param takes.
func (d Dialect) JSONHas(column, param string) string {
	return d.pick(
		"EXISTS (SELECT 1 FROM json_each("+column+") WHERE value = "+param+")",
		column+" @> to_jsonb(CAST("+param+" AS TEXT))")
}

// JSONHasID is JSONHas for an array of ids, of which none is part of another:
// a search in the text costs a tenth.
func (d Dialect) JSONHasID(column, param string) string {
	return d.pick("instr("+column+", "+param+") > 0", d.JSONHas(column, param))
}

func (d Dialect) pick(sqlite, postgres string) string {
	if d == Postgres {
		return postgres
	}
	return sqlite
}
